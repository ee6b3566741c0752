/** Runs the command line of one build and reads the bits of its results. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { readSafetensors } from '../../dist/model/safetensors.js';
import type { BitRuntime, Bits } from './compare.ts';

interface Ended {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Variables that change what a run reads or writes. */
const withheld = ['SHARDSTEP_DATA', 'SHARDSTEP_RESULTS', 'LOG_LEVEL'];

export class Build {
  readonly #entry: string;
  readonly #environment: NodeJS.ProcessEnv;

  /** `variables`: `NAME=value` words that the runs get although they are withheld by default. */
  constructor(root: string, variables: readonly string[]) {
    this.#entry = path.join(root, 'dist', 'coordinator');
    const inherited = Object.entries(process.env).filter(([name]) => !withheld.includes(name));
    const given = variables.map((word) => {
      const at = word.indexOf('=');
      return [word.slice(0, at), word.slice(at + 1)] as const;
    });
    this.#environment = Object.fromEntries([...inherited, ...given]);
  }

  async runtime(): Promise<BitRuntime> {
    const { exit, stdout, stderr } = await this.run(['hardware', '--json']);
    if (exit !== 0) throw new Error(`hardware: exit ${exit}\n${stderr}`);
    const { node, arch, measured, tensorflow } = JSON.parse(stdout);
    return { node, arch, wasmLevel: measured.wasmLevel, tensorflow: tensorflow?.tensorflow ?? null };
  }

  run(words: readonly string[]): Promise<Ended> {
    const child = spawn(process.execPath, [this.#entry, ...words], {
      env: this.#environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve({ exit: code ?? -1, stdout, stderr }));
    });
  }

  /** `out`: a folder that does not exist yet. `stderr`: of a run that left no weights, else empty. */
  async bitsOf(words: readonly string[], out: string): Promise<{ bits: Bits; stderr: string }> {
    const { exit, stderr } = await this.run(['train', '--quiet', ...words, '--out', out]);
    // 3: the target was missed, all else is there.
    if (exit !== 0 && exit !== 3) return { bits: { exit, tensors: {}, metrics: null }, stderr };
    const read = readSafetensors(readFileSync(path.join(out, 'final.safetensors')), out);
    const bytes = (values: Float32Array) =>
      new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const tensors = [...read].map(([tensor, { data }]) => [tensor, sha256(bytes(data))] as const);
    const rows = readFileSync(path.join(out, 'metrics.csv'), 'utf8').split('\n');
    const metrics = sha256(rows.map((row) => row.slice(0, row.lastIndexOf(','))).join('\n'));
    return { bits: { exit, tensors: Object.fromEntries(tensors.sort()), metrics }, stderr: '' };
  }
}

const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');

/** The first images of MNIST as IDX files in a new folder. */
export function writeImages(target: string): void {
  mkdirSync(target);
  const part = (name: string, header: number, size: number, count: number) => {
    const file = fileURLToPath(new URL(`../../data/mnist/${name}.gz`, import.meta.url));
    const bytes = gunzipSync(readFileSync(file)).subarray(0, header + size * count);
    bytes.writeUInt32BE(count, 4);
    writeFileSync(path.join(target, name), bytes);
  };
  for (const [prefix, count] of [
    ['train', 1536],
    ['t10k', 512],
  ] as const) {
    part(`${prefix}-images-idx3-ubyte`, 16, 784, count);
    part(`${prefix}-labels-idx1-ubyte`, 8, 1, count);
  }
}
