/**
 * Machine code of the race's kernels, kept by the build so that a race need not compile (about 9 ms). V8 has a
 * serializer of WebAssembly code for embedders such as browsers; Node gives no other way to it than V8's own test
 * functions, so this is done only by the very build of Node that made the file, and everything else compiles. V8
 * itself refuses code that was made for another processor or other flags.
 *
 * File: the module's bytes, its code, CRC-32 of both, big-endian.
 */
import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import * as zlib from 'node:zlib';
import type { Level } from '../kernels/levels.js';

/** Names the runtime that made the code: no other opens it. */
export function codeFile(moduleFile: string, level: Level): string {
  const { versions, platform, arch } = process;
  return moduleFile.replace(/wasm$/, `${level}.${platform}-${arch}-${versions.node}-${versions.v8}.code`);
}

/** Calls a function that V8 knows only while the flag is set, and parses at its first call. */
function callNative(name: string, first: unknown, second?: unknown): unknown {
  setFlagsFromString('--allow-natives-syntax');
  try {
    const words = second === undefined ? 'a' : 'a, b';
    return new Function(words, `return %${name}(${words})`)(first, second);
  } finally {
    setFlagsFromString('--no-allow-natives-syntax');
  }
}

/** The compiled module of `bytes`; null where there is none that this runtime can use. */
export function readCode(file: string, bytes: Buffer): WebAssembly.Module | null {
  try {
    const kept = readFileSync(file);
    const end = kept.length - 4;
    if (end < bytes.length || !bytes.equals(kept.subarray(0, bytes.length))) return null;
    if (zlib.crc32(kept.subarray(0, end)) !== kept.readUInt32BE(end)) return null;
    const code = new Uint8Array(kept.subarray(bytes.length, end)).buffer;
    const module = callNative('DeserializeWasmModule', code, new Uint8Array(bytes));
    return module instanceof WebAssembly.Module ? module : null;
  } catch {
    // No such file; or a process that may not make functions of text.
    return null;
  }
}

/** What `readCode` reads. The build calls this in a process of its own: V8 ends the process when it cannot. */
export function codeOf(module: WebAssembly.Module, bytes: Buffer): Buffer {
  const code = callNative('SerializeWasmModule', module);
  if (!(code instanceof ArrayBuffer)) throw new TypeError('V8 gave no code');
  const both = Buffer.concat([bytes, new Uint8Array(code)]);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(zlib.crc32(both));
  return Buffer.concat([both, sum]);
}
