/**
 * Sessions one after another in one process: trainings of the library with other networks, strategies and thread counts,
 * predictions, saved and loaded models. `-- soak [MINUTES]`, 60 by default. Memory after a collection, handles and threads
 * are read every ten seconds; the second half of the time is compared with the first.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { load, train } from '../dist/index.js';
import { mean } from '../dist/numbers/statistics.js';
import { writeRecord } from './record.ts';

interface Reading {
  readonly minutes: number;
  readonly sessions: number;
  /** Resident set of the process, MB. */
  readonly residentMb: number;
  readonly heapMb: number;
  readonly handles: number;
  /** Null: the system does not list them. */
  readonly threads: number | null;
}

const everyMs = 10_000;

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

/** 400 images of 8 × 8 pixels in four classes: a bright quarter each. */
function drawn(): { inputs: number[][]; targets: number[] } {
  const targets = Array.from({ length: 400 }, (_, i) => i % 4);
  const bright = (quarter: number, p: number) => 2 * Number(p >= 32) + Number(p % 8 >= 4) === quarter;
  const inputs = targets.map((quarter, i) =>
    Array.from({ length: 64 }, (_, p) => (bright(quarter, p) ? 200 : 20) + ((i * 31 + p * 17) % 40)),
  );
  return { inputs, targets };
}

const recipes: readonly Record<string, unknown>[] = [
  { 'model.hidden': [16], 'train.batch': 16 },
  { 'model.hidden': [64], 'train.batch': 32, 'parallel.sync': 'units' },
  {
    'model.hidden': [24, 12],
    'train.batch': 16,
    'parallel.sync': 'owner',
    'optimizer.name': 'adam',
    'optimizer.lr': 0.005,
  },
  { 'model.hidden': [], 'train.batch': 40, 'parallel.sync': 'sharded' },
  { 'model.hidden': [16], 'train.batch': 16, 'parallel.sync': 'average', 'train.tailAverage': 0.5 },
];

async function session(number: number, folder: string): Promise<void> {
  const data = drawn();
  const recipe = { 'train.epochs': 3, ...recipes[number % recipes.length] };
  const model = await train(data, { recipe, threads: 1 + (number % 3) });
  const file = path.join(folder, 'model.safetensors');
  await model.save(file);
  const loaded = await load(file);
  const [a, b] = [model, loaded].map((each) => each.predict(data.inputs[number % 400]).label);
  if (a !== b) throw new Error(`session ${number}: predicts ${a}, and ${b} after loading`);
}

const threadsNow = (): number | null =>
  process.platform === 'linux' ? readdirSync('/proc/self/task').length : null;

function reading(startedAt: number, sessions: number): Reading {
  collect();
  const { rss, heapUsed } = process.memoryUsage();
  return {
    minutes: (performance.now() - startedAt) / 60_000,
    sessions,
    residentMb: rss / 1e6,
    heapMb: heapUsed / 1e6,
    handles: process.getActiveResourcesInfo().length,
    threads: threadsNow(),
  };
}

export default async function bench(): Promise<void> {
  const minutes = Number(process.argv.slice(3).find((word) => /^[\d.]+$/.test(word)) ?? 60);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'shardstep-soak-'));
  const readings: Reading[] = [];
  try {
    const startedAt = performance.now();
    let sessions = 0;
    for (let due = everyMs; performance.now() - startedAt < minutes * 60_000; ) {
      await session(sessions, folder);
      sessions++;
      if (performance.now() - startedAt < due) continue;
      readings.push(reading(startedAt, sessions));
      due += everyMs;
    }
    readings.push(reading(startedAt, sessions));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  await writeRecord('soak', { bars: [], tables: [summary(readings)], samples: samplesOf(readings) });
}

function samplesOf(readings: readonly Reading[]): Record<string, number[]> {
  const of = (pick: (each: Reading) => number | null) => readings.map((each) => pick(each) ?? 0);
  return {
    minutes: of((each) => each.minutes),
    'resident MB': of((each) => each.residentMb),
    'heap MB': of((each) => each.heapMb),
    handles: of((each) => each.handles),
    threads: of((each) => each.threads),
  };
}

/** Means over the second and the last quarter: what is left after caches have filled. */
function summary(readings: readonly Reading[]) {
  const quarter = Math.max(1, Math.floor(readings.length / 4));
  const parts = [readings.slice(quarter, 2 * quarter), readings.slice(-quarter)];
  const row = (name: string, pick: (each: Reading) => number | null, digits: number): string[] => {
    const [before, after] = parts.map((part) => mean(part.map((each) => pick(each) ?? 0)));
    return [name, before.toFixed(digits), after.toFixed(digits), (after - before).toFixed(digits)];
  };
  const last = readings[readings.length - 1];
  return {
    title: 'Sessions in one process',
    note: `${last.sessions} sessions in ${last.minutes.toFixed(1)} minutes, a new worker pool each; means after a collection of garbage.`,
    rows: [
      ['', 'second quarter', 'last quarter', 'difference'],
      row('resident memory, MB', (each) => each.residentMb, 1),
      row('JavaScript heap, MB', (each) => each.heapMb, 2),
      row('handles', (each) => each.handles, 1),
      row('threads', (each) => each.threads, 1),
    ],
  };
}
