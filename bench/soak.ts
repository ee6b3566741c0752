/**
 * Sessions one after another in one process: trainings of the library with other networks, strategies and thread counts, one in
 * six in a run folder with checkpoints; predictions, saved and loaded models. Not covered: IDX and CSV files, tables, directions, lost
 * workers, and the command line, whose process ends with its run. `-- soak [MINUTES]`, 60 by default. Memory after a collection,
 * handles and threads are read every ten seconds, or twenty times; a growth above the bars is exit code 1.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { load, train } from '../dist/index.js';
import { writeRecord } from './record.ts';
import { judgement, quarters, type Reading } from './soak/judgement.ts';

const longestIntervalMs = 10_000;

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

/** In a run folder. */
const recorded = { 'model.hidden': [16], 'train.batch': 16, 'checkpoint.every': '20steps', 'log.every': 1 };

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
  recorded,
];

async function session(number: number, folder: string): Promise<void> {
  const data = drawn();
  const kind = recipes[number % recipes.length];
  const out = path.join(folder, 'run');
  const place = kind === recorded ? { out } : {};
  const model = await train(data, {
    recipe: { 'train.epochs': 3, ...kind },
    threads: 1 + (number % 3),
    ...place,
  });
  if (kind === recorded && !readdirSync(out).some((name) => name.startsWith('checkpoint-')))
    throw new Error(`session ${number}: no checkpoint in its folder`);
  rmSync(out, { recursive: true, force: true });
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
    const everyMs = Math.min(longestIntervalMs, minutes * 3000);
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
  const bars = judgement(readings);
  if (bars.some(({ met }) => met === false)) process.exitCode = 1;
  await writeRecord('soak', { bars, tables: [summary(readings)], samples: samplesOf(readings) });
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

/** Medians over the second and the last quarter. */
function summary(readings: readonly Reading[]) {
  const row = (name: string, pick: (each: Reading) => number | null, digits: number): string[] => {
    const found = quarters(readings, pick);
    if (found === null) return [name, '–', '–', '–'];
    const [before, after] = found;
    return [name, before.toFixed(digits), after.toFixed(digits), (after - before).toFixed(digits)];
  };
  const last = readings[readings.length - 1];
  return {
    title: 'Sessions in one process',
    note: `${last.sessions} sessions in ${last.minutes.toFixed(1)} minutes, a new worker pool each, one in six in a run folder with checkpoints; medians after a collection of garbage.`,
    rows: [
      ['', 'second quarter', 'last quarter', 'difference'],
      row('resident memory, MB', (each) => each.residentMb, 1),
      row('JavaScript heap, MB', (each) => each.heapMb, 2),
      row('handles', (each) => each.handles, 1),
      row('threads', (each) => each.threads, 1),
    ],
  };
}
