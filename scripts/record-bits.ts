/**
 * The bits of many runs, to verify that a change alters none. It trains a wide set of configurations through the
 * command line and records, or compares, the SHA-256 of each tensor of final.safetensors and of metrics.csv without its
 * times. `--root` runs another build; the bits depend on the runtime and the kernel level.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { readSafetensors } from '../dist/model/safetensors.js';
import { bitCases } from './record-bits/cases.ts';

const { values: options } = parseArgs({
  options: {
    root: { type: 'string', default: fileURLToPath(new URL('../', import.meta.url)) },
    out: { type: 'string' },
    compare: { type: 'string' },
    only: { type: 'string', default: '' },
    jobs: { type: 'string', default: '2' },
  },
});

interface Bits {
  readonly exit: number;
  readonly tensors: Readonly<Record<string, string>>;
  readonly metrics: string | null;
}

type Recorded = Record<string, Bits>;

const folder = mkdtempSync(path.join(tmpdir(), 'shardstep-bits-'));
const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');

/** The first images of MNIST as IDX files. */
function writeImages(): string {
  const target = path.join(folder, 'data');
  mkdirSync(target);
  const part = (name: string, header: number, size: number, count: number) => {
    const file = fileURLToPath(new URL(`../data/mnist/${name}.gz`, import.meta.url));
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
  return target;
}

function run(words: readonly string[]): Promise<number> {
  const entry = path.join(options.root, 'dist', 'coordinator');
  const child = spawn(process.execPath, [entry, 'train', '--quiet', ...words], { stdio: 'ignore' });
  return new Promise((resolve) => child.on('close', (code) => resolve(code ?? -1)));
}

async function bitsOf(name: string, words: readonly string[], data: string): Promise<Bits> {
  const out = path.join(folder, name.replace(/[^\w.=,-]+/g, '_').slice(0, 120));
  const given = words.map((word) => word.replace('$FOLDER', folder));
  const small = words.includes('--config') ? [] : ['--config', 'fastmlp', 'data.set=idx', `data.dir=${data}`];
  const exit = await run([...small, '--out', out, ...given]);
  if (exit !== 0 && exit !== 3) return { exit, tensors: {}, metrics: null };
  const read = readSafetensors(readFileSync(path.join(out, 'final.safetensors')), name);
  const bytes = (values: Float32Array) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const tensors = [...read].map(([tensor, { data: values }]) => [tensor, sha256(bytes(values))] as const);
  const rows = readFileSync(path.join(out, 'metrics.csv'), 'utf8').split('\n');
  const metrics = sha256(rows.map((row) => row.slice(0, row.lastIndexOf(','))).join('\n'));
  return { exit: 0, tensors: Object.fromEntries(tensors.sort()), metrics };
}

function differences(before: Recorded, after: Recorded): string[] {
  return Object.keys(after).flatMap((name) => {
    const [a, b] = [before[name], after[name]];
    if (a === undefined) return [`${name}: not recorded`];
    if (a.exit !== b.exit) return [`${name}: exit ${a.exit} → ${b.exit}`];
    const names = [...new Set([...Object.keys(a.tensors), ...Object.keys(b.tensors)])];
    const tensors = names
      .filter((tensor) => a.tensors[tensor] !== b.tensors[tensor])
      .map((tensor) => (tensor in a.tensors ? (tensor in b.tensors ? tensor : `−${tensor}`) : `+${tensor}`));
    const found = [...tensors, ...(a.metrics === b.metrics ? [] : ['metrics.csv'])];
    return found.length === 0 ? [] : [`${name}: ${found.join(', ')}`];
  });
}

const data = writeImages();
const chosen = bitCases().filter(([name]) => name.includes(options.only));
const recorded: Recorded = {};
let next = 0;
const job = async () => {
  for (let at = next++; at < chosen.length; at = next++) {
    const [name, words] = chosen[at];
    recorded[name] = await bitsOf(name, words, data);
  }
};
await Promise.all(Array.from({ length: Number(options.jobs) }, job));
rmSync(folder, { recursive: true });
const sorted = Object.fromEntries(Object.entries(recorded).sort(([a], [b]) => (a < b ? -1 : 1)));
const runtime = { node: process.versions.node, arch: process.arch };
console.log(`${chosen.length} configurations on Node ${runtime.node}, ${runtime.arch}`);
if (options.out !== undefined)
  writeFileSync(options.out, `${JSON.stringify({ runtime, cases: sorted }, null, 1)}\n`);
if (options.compare !== undefined) {
  const before: { runtime: typeof runtime; cases: Recorded } = JSON.parse(
    readFileSync(options.compare, 'utf8'),
  );
  if (before.runtime.node !== runtime.node || before.runtime.arch !== runtime.arch)
    console.log(
      `recorded on Node ${before.runtime.node}, ${before.runtime.arch}: bits may differ for this reason`,
    );
  const found = differences(before.cases, sorted);
  for (const line of found) console.log(line);
  console.log(`${found.length} of ${chosen.length} differ`);
  process.exitCode = found.length === 0 ? 0 : 1;
}
