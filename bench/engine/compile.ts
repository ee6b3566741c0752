/**
 * Compiles AssemblyScript with the options of the relaxed kernels in scripts/build-kernels.mjs, into results/, for
 * measurements. It uses a separate process: the compiler is WebAssembly too, and never gets ready under the flags that
 * our kernels need.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { restoreCompilerFlags, setCompilerFlags } from '../../dist/kernels/levels.js';
import { loadedKernels, root } from '../harness.ts';

const folder = 'results/compiled';
const compiler = 'node_modules/assemblyscript/bin/asc.js';

/** The path of a module with only these exports of these files. Paths are relative to the repository. */
export function compileExports(name: string, exports: ReadonlyMap<string, string>): string {
  const lines = [...exports].map(([kernel, file]) => `export { ${kernel} } from '../../${file}';\n`);
  mkdirSync(`${root}${folder}`, { recursive: true });
  const [source, target] = [`${folder}/${name}.ts`, `${folder}/${name}.wasm`];
  writeFileSync(`${root}${source}`, lines.join(''));
  const options = [
    source,
    ...['-o', target, '--runtime', 'stub', '--noAssert', '-O3', '--use', 'abort='],
    ...['--use', 'FMA=1', '--use', 'GRID=16', '--use', 'PLAIN=0'],
    ...['--enable', 'simd', '--enable', 'threads', '--enable', 'relaxed-simd'],
    ...['--importMemory', '--sharedMemory', '--initialMemory', '1', '--maximumMemory', '65536'],
  ];
  execFileSync(process.execPath, [compiler, ...options], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return `${root}${target}`;
}

/** The same module, compiled by V8 as the kernels are, and linked to a memory. */
export function linkExports<Exports>(
  name: string,
  exports: ReadonlyMap<string, string>,
  memory: WebAssembly.Memory,
): Exports {
  const bytes = new Uint8Array(readFileSync(compileExports(name, exports)));
  const { level } = loadedKernels();
  setCompilerFlags(level, process.versions.v8);
  try {
    return new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } }).exports as Exports;
  } finally {
    restoreCompilerFlags(process.versions.v8);
  }
}
