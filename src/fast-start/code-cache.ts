/**
 * Machine code of the race's kernels, cached by the build so that a race need not compile (about 9 ms). V8 has a
 * serialiser of WebAssembly code for embedders such as browsers. Node gives access to it only through V8's own test
 * functions. So the cache is read only by the same build of Node that wrote it; every other one compiles. V8 itself
 * refuses code made for another processor or other flags.
 *
 * File: the module's bytes, its code, CRC-32 of both, big-endian.
 */
import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import * as zlib from 'node:zlib';
import type { Level } from '../kernels/levels.js';

/** Names the runtime that made the code; no other runtime opens it. */
export function codeFile(moduleFile: string, level: Level): string {
  const { versions, platform, arch } = process;
  return moduleFile.replace(/wasm$/, `${level}.${platform}-${arch}-${versions.node}-${versions.v8}.code`);
}

/** Calls a function that V8 recognises only while the flag is set. V8 parses it at its first call. */
function callNative(name: string, first: unknown, second?: unknown): unknown {
  setFlagsFromString('--allow-natives-syntax');
  try {
    const words = second === undefined ? 'a' : 'a, b';
    return new Function(words, `return %${name}(${words})`)(first, second);
  } finally {
    setFlagsFromString('--no-allow-natives-syntax');
  }
}

/** The compiled module of `bytes`; null if there is none that this runtime can use. */
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
    // The file is missing, or the process may not make functions from text.
    return null;
  }
}

/** The input of `readCode`. The build calls this in a separate process: V8 ends the process if it fails. */
export function codeOf(module: WebAssembly.Module, bytes: Buffer): Buffer {
  const code = callNative('SerializeWasmModule', module);
  if (!(code instanceof ArrayBuffer)) throw new TypeError('V8 gave no code');
  const both = Buffer.concat([bytes, new Uint8Array(code)]);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(zlib.crc32(both));
  return Buffer.concat([both, sum]);
}
