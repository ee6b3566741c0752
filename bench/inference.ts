/**
 * Inference of 784-256-128-10 on the pixels of MNIST, against onnxruntime: the same trained weights, float32 and int8,
 * one thread and all physical cores, in turn; beside it our fastest model of at least 97 %. Each contestant is a process
 * that stays open. `--rounds N` for another number of rounds.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { train } from '../dist/index.js';
import { maximum, median, minimum } from '../dist/numbers/statistics.js';
import { plural } from '../dist/numbers/words.js';
import { alternate, printed, ratios, shown, singleAndAll, spread } from './harness.ts';
import { killAll } from './peer-race/children.ts';
import { openSession, type SessionProcess } from './peer-race/session.ts';
import { dataFolder, type Launch } from './peer-race/types.ts';
import { type PeerPython, preparePython } from './peers/python-environment.ts';
import { type Bar, type BarId, judge, type Table, writeRecord } from './record.ts';

const limitMs = 120_000;

/** Batch sizes, and calls of one sample. */
const sizes = [
  { size: 1, calls: 2000 },
  { size: 1024, calls: 30 },
  { size: 10_000, calls: 5 },
] as const;

interface Kind {
  readonly label: string;
  readonly family: 'ours' | 'ours int8' | 'ours directions' | 'theirs' | 'theirs int8';
  launch(threads: number): Launch;
}

interface Contestant extends Kind {
  readonly name: string;
  readonly threads: number;
  readonly session: SessionProcess;
  readonly accuracy: number;
}

/** Milliseconds of the median call of each round, by contestant; of one image also the 99th percentile. */
interface Measured {
  readonly size: number;
  readonly times: ReadonlyMap<string, readonly number[]>;
  readonly tails: ReadonlyMap<string, readonly number[]>;
}

export default async function bench(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'shardstep-inference-'));
  const opened: Contestant[] = [];
  try {
    const python = (await preparePython(['onnxruntime'], { signal: new AbortController().signal })).get(
      'onnxruntime',
    );
    const kinds = [...(await ours(folder)), ...theirs(folder, python)];
    for (const kind of kinds)
      for (const threads of await singleAndAll()) {
        const session = await openSession(kind.launch(threads), process.cwd(), limitMs);
        const name = `${kind.label}, ${plural(threads, 'thread')}`;
        opened.push({ ...kind, name, threads, session, accuracy: await session.accuracy(limitMs) });
      }
    const measured: Measured[] = [];
    for (const { size, calls } of sizes) measured.push(await measure(opened, size, calls));
    await report(opened, measured, python);
  } finally {
    for (const { session } of opened) await session.close();
    killAll();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Trains the two models, and returns how ours are started. */
async function ours(folder: string): Promise<Kind[]> {
  const dense = join(folder, 'dense.safetensors');
  const directions = join(folder, 'directions.safetensors');
  const recipe = {
    'data.normalise': 'mnist',
    'model.hidden': [256, 128],
    'model.init.kind': 'torch',
    'train.batch': 512,
    'train.epochs': 10,
    'optimizer.lr': 0.05,
    'schedule.name': 'cosine',
  };
  for (const [file, given] of [
    [dense, recipe],
    [directions, 'mnist-97'],
  ] as const) {
    const model = await train({ set: 'mnist', dir: dataFolder }, { recipe: given, seed: 1 });
    await model.save(file);
    await model[Symbol.asyncDispose]();
  }
  const session = join(import.meta.dirname, 'inference', 'session.ts');
  const launch = (file: string, precision: string) => (threads: number) => ({
    program: process.execPath,
    words: [session, dataFolder, `${threads}`, file, precision],
  });
  return [
    { label: 'shardstep float32', family: 'ours', launch: launch(dense, 'float32') },
    { label: 'shardstep int8', family: 'ours int8', launch: launch(dense, 'int8') },
    { label: 'shardstep mnist-97', family: 'ours directions', launch: launch(directions, 'float32') },
  ];
}

function theirs(folder: string, found: PeerPython | undefined): Kind[] {
  if (found === undefined || 'missing' in found) return [];
  const program = join(import.meta.dirname, 'peers', 'onnxruntime_models.py');
  return (['float32', 'dynamic', 'static'] as const).map((precision) => ({
    label: `onnxruntime ${precision === 'float32' ? precision : `int8 ${precision}`}`,
    family: precision === 'float32' ? 'theirs' : 'theirs int8',
    launch: (threads: number) => ({
      program: found.python,
      words: [program, dataFolder, `${threads}`, join(folder, 'dense.safetensors'), precision],
    }),
  }));
}

async function measure(contestants: readonly Contestant[], size: number, calls: number): Promise<Measured> {
  const tails = new Map(contestants.map(({ name }) => [name, [] as number[]]));
  const rounds = roundsAsked();
  const taken = await alternate(
    contestants.map(({ name, session }) => ({
      name,
      async run() {
        const times = [...(await session.infer(size, calls, limitMs))].sort((a, b) => a - b);
        tails.get(name)?.push(times[Math.ceil(0.99 * times.length) - 1]);
        return median(times);
      },
    })),
    { rounds },
  );
  const times = new Map([...taken].map(([name, { samples }]) => [name, samples]));
  for (const list of tails.values()) list.splice(0, list.length - rounds);
  return { size, times, tails };
}

function roundsAsked(): number {
  const at = process.argv.indexOf('--rounds');
  if (at < 0) return 15;
  const rounds = Number(process.argv[at + 1]);
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error(`--rounds: expected an integer from 1 up, got ${process.argv[at + 1]}`);
  return rounds;
}

async function report(
  contestants: readonly Contestant[],
  measured: readonly Measured[],
  python: PeerPython | undefined,
): Promise<void> {
  const reason =
    python !== undefined && 'missing' in python ? `onnxruntime: ${python.missing}` : 'onnxruntime is missing';
  /** The family's samples at its best setting for the size. */
  const best = (family: Kind['family'], size: number): readonly number[] | null => {
    const times = measured.find((each) => each.size === size)?.times;
    const all = contestants.flatMap((each) => (each.family === family ? [times?.get(each.name) ?? []] : []));
    return all.toSorted((a, b) => median(a) - median(b))[0] ?? null;
  };
  const faster = (id: BarId, family: Kind['family'], than: Kind['family'], size: number): Bar => {
    const [mine, other] = [best(family, size), best(than, size)];
    return mine === null || other === null ? judge(id, null, reason) : judge(id, ratios(other, mine));
  };
  const [one] = measured;
  const alone = contestants[0].name;
  const accuracyOf = (family: Kind['family']) =>
    contestants.find((each) => each.family === family)?.accuracy ?? Number.NaN;
  const theirOne = best('theirs', 1);
  const bars = [
    faster('inference-float32-1024', 'ours', 'theirs', 1024),
    faster('inference-float32-10000', 'ours', 'theirs', 10_000),
    theirOne === null
      ? judge('inference-float32-1', null, reason)
      : judge('inference-float32-1', ratios(best('ours', 1) ?? [], theirOne)),
    judge('inference-tail-1', ratios(one.tails.get(alone) ?? [], one.times.get(alone) ?? [])),
    faster('inference-int8-1024', 'ours int8', 'theirs', 1024),
    faster('inference-int8-10000', 'ours int8', 'theirs', 10_000),
    faster('inference-int8-over-int8-1024', 'ours int8', 'theirs int8', 1024),
    faster('inference-int8-over-int8-10000', 'ours int8', 'theirs int8', 10_000),
    judge('inference-int8-loss', 100 * (accuracyOf('ours') - accuracyOf('ours int8'))),
  ];
  await writeRecord('inference', {
    bars,
    tables: [table(contestants, measured)],
    samples: Object.fromEntries(
      measured.flatMap(({ size, times, tails }) => [
        ...[...times].map(([name, samples]) => [`${name}, batch ${size}, ms`, samples] as const),
        ...(size === 1
          ? [...tails].map(([name, samples]) => [`${name}, batch 1, 99th percentile, ms`, samples] as const)
          : []),
      ]),
    ),
  });
}

function table(contestants: readonly Contestant[], measured: readonly Measured[]): Table {
  const [one, many, all] = measured;
  const rate = (samples: readonly number[], size: number) => {
    const [middle, low, high] = [median(samples), maximum(samples), minimum(samples)].map((ms) => size / ms);
    return `${middle.toFixed(0)} (${low.toFixed(0)}–${high.toFixed(0)})`;
  };
  const of = (list: ReadonlyMap<string, readonly number[]>, name: string) => list.get(name) ?? [];
  const microseconds = (samples: readonly number[]) => shown(spread(samples.map((ms) => 1000 * ms)), 2);
  const rows = contestants.map(({ name, accuracy }) => [
    name,
    (100 * accuracy).toFixed(2),
    microseconds(of(one.times, name)),
    microseconds(of(one.tails, name)),
    rate(of(many.times, name), many.size),
    rate(of(all.times, name), all.size),
    shown(spread(of(all.times, name)), 2),
  ]);
  const heading = ['contestant', 'accuracy, %', '1 image, µs', '99th percentile, µs'];
  const rates = ['1,024: images/ms', '10,000: images/ms', 'test set, ms'];
  const note =
    'Medians of the rounds (min–max), each round the median call. 784-256-128-10 but for mnist-97, softmax regression on ' +
    'direction features: the fastest of ours at 97 % or more. Ours from u8 pixels; the peers from normalised float32.';
  return printed({ title: 'Inference', note, rows: [[...heading, ...rates], ...rows] });
}
