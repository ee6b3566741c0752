/**
 * `node count-process.ts FILE.wasm`: compiles the module as the program does and prints the number of fused
 * multiply-adds in V8's code at 256 and at 128 bits. It reads them from this process's own executable memory (Linux on
 * x64 only). It is a separate process, because flags and compiled code belong to the whole process.
 */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { candidateLevels, setCompilerFlags } from '../../dist/kernels/levels.js';

/** Byte ranges of anonymous executable memory, which holds V8's code. */
function codeRanges(): { readonly start: bigint; readonly bytes: number }[] {
  return readFileSync('/proc/self/maps', 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, start, end, mode, file] =
        line.match(/^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \d+\s*(.*)$/) ?? [];
      if (mode === undefined || !mode.includes('x') || file !== '') return [];
      const from = BigInt(`0x${start}`);
      return [{ start: from, bytes: Number(BigInt(`0x${end}`) - from) }];
    });
}

/** VFMADD132/213/231PS: VEX C4, map 0F38, prefix 66, W 0; the L bit distinguishes 256 from 128. */
function countIn(code: Uint8Array, counts: [number, number]): void {
  for (let i = 0; i + 4 < code.length; i++) {
    if (code[i] !== 0xc4 || (code[i + 1] & 0x1f) !== 2 || (code[i + 2] & 0x83) !== 1) continue;
    if (code[i + 3] === 0x98 || code[i + 3] === 0xa8 || code[i + 3] === 0xb8)
      counts[(code[i + 2] >> 2) & 1]++;
  }
}

function count(): [number, number] {
  const counts: [number, number] = [0, 0];
  const memory = openSync('/proc/self/mem', 'r');
  for (const { start, bytes } of codeRanges()) {
    const code = new Uint8Array(bytes);
    try {
      readSync(memory, code, 0, bytes, start);
    } catch {
      continue; // reserved, not mapped yet
    }
    countIn(code, counts);
  }
  closeSync(memory);
  return counts;
}

const [level] = candidateLevels(process.versions.v8, process.arch);
setCompilerFlags(level, process.versions.v8);
const bytes = new Uint8Array(readFileSync(process.argv[2]));
const before = count();
new WebAssembly.Module(bytes);
const after = count();
console.log(JSON.stringify({ at128: after[0] - before[0], at256: after[1] - before[1] }));
