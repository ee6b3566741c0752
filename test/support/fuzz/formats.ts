/** Every file format that the program reads: valid files, and how a command opens one. */

import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { resolveConfig } from '../../../dist/config/load.js';
import { configSchema } from '../../../dist/config/schema.js';
import { initialState } from '../../../dist/coordinator/state.js';
import { parseCsv, parseRealCsv } from '../../../dist/data/csv.js';
import type { Samples } from '../../../dist/data/dataset.js';
import { parseIdxPart } from '../../../dist/data/idx.js';
import { inflate } from '../../../dist/data/inflate.js';
import { readSafetensors, readSafetensorsMetadata } from '../../../dist/model/safetensors.js';
import { buildRun } from '../../../dist/report/build-run.js';
import { parseLog } from '../../../dist/report/read-log.js';
import { readSidecars } from '../../../dist/report/sidecars.js';
import { encodeCheckpoint, readCheckpoint } from '../../../dist/run/checkpoint-file.js';
import type { Below } from '../byte-damage.ts';
import { openDamaged, otherHeader, soundFiles } from '../damaged-models.ts';
import { writeRun } from '../logs.ts';
import { mutated } from './mutate.ts';

export interface FuzzFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface FuzzFormat {
  /** Valid files; `folder` is for formats that are only made or read there. */
  readonly seeds: (folder: string) => FuzzFile[] | Promise<FuzzFile[]>;
  /** After the general damage: what makes a damaged file pass outer checks. */
  readonly repair?: (bytes: Uint8Array, below: Below) => Uint8Array;
  /**
   * Opens as a command does, and verifies what it got.
   * @throws UserError if the file is refused; any other error is a finding.
   */
  readonly open: (file: FuzzFile, folder: string) => void | Promise<void>;
}

const text = (name: string, content: string): FuzzFile => ({
  name,
  bytes: new TextEncoder().encode(content),
});

/** As a new file: to write over an old one takes ten times as long on some file systems. */
function written(folder: string, { name, bytes }: FuzzFile): string {
  const file = join(folder, name);
  rmSync(file, { force: true });
  writeFileSync(file, bytes);
  return file;
}

function demand(holds: boolean, what: string): void {
  if (!holds) throw new Error(`opened, but ${what}`);
}

function soundSamples({ values, targets, count, shape }: Samples): void {
  const width = shape.reduce((product, size) => product * size, 1);
  demand(count > 0 && width > 0, `it has ${count} samples of ${width} values`);
  demand(values.length === count * width && targets.length === count, 'its samples have other sizes');
}

function idxFile(type: number, sizes: readonly number[], data: Uint8Array): Uint8Array {
  const header = new DataView(new ArrayBuffer(4 + 4 * sizes.length));
  header.setUint32(0, (type << 8) | sizes.length);
  for (const [i, size] of sizes.entries()) header.setUint32(4 + 4 * i, size);
  return Uint8Array.from(Buffer.concat([new Uint8Array(header.buffer), data]));
}

const bytesOf = (count: number) => Uint8Array.from({ length: count }, (_, i) => (i * 37) % 251);
const labels = idxFile(8, [6], Uint8Array.of(0, 1, 2, 0, 1, 2));
const images = idxFile(8, [6, 4, 4], bytesOf(96));

const idx: FuzzFormat = {
  seeds: () => [
    { name: 'images', bytes: images },
    { name: 'labels', bytes: labels },
    { name: 'labels of QMNIST', bytes: idxFile(12, [6, 8], new Uint8Array(192)) },
  ],
  open: ({ name, bytes }) => {
    const isImages = name === 'images';
    const [i, l] = isImages ? [bytes, labels] : [images, bytes];
    soundSamples(
      parseIdxPart(i, l, { images: isImages ? name : 'images', labels: isImages ? 'labels' : name }),
    );
  },
};

const csvRow = (i: number) => [0, 1, 2, 3].map((k) => (i * 37 + k * 53) % 201);
const csvText = (separator: string, head: string, row: (i: number) => readonly (string | number)[]) =>
  head + Array.from({ length: 12 }, (_, i) => row(i).join(separator)).join('\n');

const csv: FuzzFormat = {
  seeds: () => [
    text(
      'plain',
      csvText(',', '', (i) => [i % 3, ...csvRow(i)]),
    ),
    text(
      'header',
      csvText(',', 'label,p1,p2,p3,p4\n', (i) => [i % 3, ...csvRow(i)]),
    ),
    text(
      'words',
      csvText(';', 'a;b;c;d;class\r\n', (i) => [...csvRow(i), ['x', 'y'][i % 2]]),
    ),
    text(
      'quoted',
      csvText(',', '"a","b","c","d","label"\n', (i) => [...csvRow(i).map((v) => `"${v}"`), i % 3]),
    ),
    text(
      'counted',
      csvText('\t', '\tp1\tp2\tp3\tp4\tlabel\n', (i) => [i, ...csvRow(i), i % 2]),
    ),
    text(
      'real numbers',
      csvText(',', 'a,b,c,d,label\n', (i) => [...csvRow(i).map((v) => v / 8 - 3), i % 2]),
    ),
    {
      name: 'UTF-16 real numbers',
      bytes: Uint8Array.from(
        Buffer.from(`\ufeff${csvText(',', 'a,b,c,d,label\n', (i) => [...csvRow(i), i % 2])}`, 'utf16le'),
      ),
    },
  ],
  open: async ({ name, bytes }) => {
    const parse = name.includes('real') ? parseRealCsv : parseCsv;
    const part = await parse(bytes, name, {});
    soundSamples(part);
    for (const value of part.values) demand(Number.isFinite(value), `it has the value ${value}`);
  },
};

/** No input inflates to more. */
const mostInflated = 4 * 2 ** 20;

const gzip: FuzzFormat = {
  seeds: () => [
    { name: 'small', bytes: gzipSync(images) },
    { name: 'stored', bytes: gzipSync(bytesOf(3000), { level: 0 }) },
    { name: 'repeated', bytes: gzipSync(new Uint8Array(2 ** 20)) },
    { name: 'two members', bytes: Buffer.concat([gzipSync(labels), gzipSync(images)]) },
  ],
  // Damage to compressed bytes is nearly always refused: some files are valid, with other fields of the header.
  repair: (bytes, below) => {
    if (below(8) > 0) return bytes;
    const valid = gzipSync(bytes.subarray(0, below(bytes.length + 1)), { level: below(10) });
    for (let i = 4; i < 10; i++) if (below(2) === 0 && i !== 8) valid[i] = below(256);
    return valid;
  },
  open: async ({ name, bytes }) => {
    const compressed = Buffer.from(bytes);
    const got = await inflate(compressed, name, { limitBytes: mostInflated });
    demand(Buffer.compare(got.bytes, gunzipSync(compressed)) === 0, 'zlib has other bytes');
    demand(got.sha256 === createHash('sha256').update(got.bytes).digest('hex'), 'another SHA-256');
  },
};

const models = (ending: string): FuzzFile[] => soundFiles().filter(({ name }) => name.endsWith(ending));

const refused = (refusal: unknown): void => {
  if (refusal !== null) throw refusal;
};

const safetensors: FuzzFormat = {
  seeds: () => models('.safetensors'),
  repair: (bytes, below) => (below(3) === 0 ? otherHeader(bytes, below) : bytes),
  open: (file) => {
    const whole = openDamaged(file);
    if (whole === null) {
      for (const [name, { data, shape }] of readSafetensors(file.bytes, file.name))
        demand(data.length === shape.reduce((a, b) => a * b, 1), `tensor ${name} has another size`);
      readSafetensorsMetadata(file.bytes, file.name);
    }
    refused(whole);
  },
};

const onnx: FuzzFormat = { seeds: () => models('.onnx'), open: (file) => refused(openDamaged(file)) };

const shipped = (name: string) =>
  new Uint8Array(readFileSync(new URL(`../../../configs/${name}.yaml`, import.meta.url)));

const yaml: FuzzFormat = {
  seeds: (folder) => [
    text('short.yaml', 'extends: fastmlp.yaml\ntrain: { batch: 64, epochs: 2 }\nseed: 3\n'),
    text(
      'long.yaml',
      'x-base: &base { lr: 0.05, momentum: 0.9 }\ndata:\n  normalise: mnist\n  take: 2000\nmodel:\n  hidden: [64, 32]\n' +
        'optimizer:\n  <<: *base\n  name: sgd\nschedule:\n  name: cosine\nstop:\n  target: 0.97\n  every: 2\n',
    ),
    text(
      'json.yaml',
      '{"model": {"hidden": [16]}, "parallel": {"threads": 2, "sync": "owner"}, "log": {"every": 0}}',
    ),
    ...['mnist-99', 'pixels-97', 'sweep'].map((name) => {
      // What they extend is not damaged.
      for (const base of ['fastmlp', 'mnist-97']) writeFileSync(join(folder, `${base}.yaml`), shipped(base));
      return { name: `damaged-${name}.yaml`, bytes: shipped(name) };
    }),
  ],
  open: async ({ name, bytes }, folder) => {
    const file = written(folder, { name, bytes });
    const { config } = await resolveConfig({ file, overrides: [], environment: {}, directory: folder });
    demand(configSchema.safeParse(config).success, 'its configuration is not valid');
    const stranger: object = {};
    demand(Object.keys(stranger).length === 0 && !('polluted' in stranger), 'a prototype has changed');
  },
};

const checkpoint: FuzzFormat = {
  seeds: async (folder) => {
    void folder;
    const config = configSchema.parse({});
    const facts = {
      ...{
        name: 'run',
        config,
        version: '0.1.0',
        kernels: null,
        threads: 2,
        sync: 'owner',
        data: { a: 'b' },
      },
      ...{ startedAt: '2026-01-01T00:00:00.000Z', command: 'shardstep train', resumed: [] },
    };
    const vectors = new Map([
      ['parameters', Float32Array.from({ length: 20 }, (_, i) => Math.sin(i))],
      ['states', new Float32Array(20)],
    ]);
    const plain = { ...initialState(1), step: 7, epoch: 1 };
    const evaluation = { accuracy: 0.5, loss: 1 };
    const rich = {
      ...plain,
      tail: { count: 2, sums: Float64Array.of(1, 2, 3) },
      best: { step: 3, evaluation, weights: Float32Array.of(1, 2, 3) },
    };
    return Promise.all(
      [plain, rich].map(async (state, i) => ({
        name: `checkpoint-00000000${i}.safetensors`,
        // No Buffer: its slice is no copy.
        bytes: new Uint8Array(
          Buffer.concat(await encodeCheckpoint({ facts, checkpoint: { state, vectors } })),
        ),
      })),
    );
  },
  repair: (bytes, below) =>
    below(2) === 0 ? bytes : withHash(below(2) === 0 ? otherHeader(bytes, below) : bytes),
  open: ({ name, bytes }, folder) => {
    const file = written(folder, { name, bytes });
    const { checkpoint: read, facts } = readCheckpoint(file);
    demand(read.vectors instanceof Map && typeof read.state.step === 'number', 'it has no state');
    demand(typeof facts.config === 'object' && facts.config !== null, 'it has no configuration');
  },
};

/** The hash of the damaged file in its place, as another program or version would write it. */
function withHash(bytes: Uint8Array): Uint8Array {
  const copy = Buffer.from(bytes);
  const name = '"shardstep.checkpoint.sha256":"';
  const at = copy.indexOf(name);
  if (at < 0 || at + name.length + 64 > copy.length) return bytes;
  const place = copy.subarray(at + name.length, at + name.length + 64);
  place.fill('0');
  place.write(createHash('sha256').update(copy).digest('hex'), 'latin1');
  return Uint8Array.from(copy);
}

const log: FuzzFormat = {
  seeds: (folder) =>
    [
      { name: 'one', curves: [{ seed: 1, elapsedMs: 900, accuracy: 0.96 }] },
      { name: 'sweep', sweep: { 1: [900, 910], 2: [500, 510] } },
    ].map((run) => ({
      name: `${run.name}.ndjson`,
      bytes: new Uint8Array(readFileSync(writeRun(join(folder, run.name), run))),
    })),
  open: ({ name, bytes }) => {
    const content = Buffer.from(bytes).toString('utf8');
    const { runs, damages, lines } = parseLog(name, content);
    for (const damage of damages) {
      demand(damage.line <= lines, `the problem is on line ${damage.line} of ${lines}`);
      demand(
        !/[\r\n]/.test(damage.problem) && damage.problem.length <= 500,
        'its problem is not a short line',
      );
    }
    for (const entries of runs) buildRun(name, name, entries, readSidecars(null), damages);
  },
};

/** The slowest first: several are opened at once. */
export const formats = { yaml, idx, csv, gzip, safetensors, onnx, checkpoint, log } satisfies Record<
  string,
  FuzzFormat
>;
export type FormatName = keyof typeof formats;
export const isFormat = (name: string): name is FormatName => Object.hasOwn(formats, name);

export const damaged = (format: FuzzFormat, seeds: readonly FuzzFile[], below: Below): FuzzFile => {
  const { name, bytes } = seeds[below(seeds.length)];
  const others = seeds.map((seed) => seed.bytes);
  const changed = mutated(bytes, others, below);
  return { name, bytes: format.repair?.(changed, below) ?? changed };
};
