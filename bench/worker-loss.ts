/**
 * A worker that is lost: how long the process takes to end with the cause, and how long a run pauses that goes on. Trainings at the
 * command line, each with one fault at another step, the kinds in turn. `-- worker-loss [SAMPLES]`, 20 of each kind by default.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCheckpoint } from '../dist/run/checkpoint-file.js';
import { lastName } from '../dist/run/checkpoint-names.js';
import { type Ended, numberedIn, train } from '../scripts/chaos/training.ts';
import { faultOfWorker, type WorkerFault } from '../scripts/chaos/worker-faults.ts';
import { printed, shown, spread } from './harness.ts';
import { judge, writeRecord } from './record.ts';

const kinds = ['throw', 'exit', 'memory', 'terminate'] as const satisfies readonly WorkerFault[];

/** The checkpoints by time never come: that of the loss is the only one. */
const words = ['--config', 'fastmlp', '--threads', '2', '--quiet', 'log.every=1', 'stop.target=null'];
words.push('parallel.heartbeat=60', 'checkpoint.every=1000s');

/** Two barriers a step, in either of them: after the first copy in memory, and before the last of 826 steps. */
const arrivalOf = (sample: number) => 900 + 37 * (sample % 19);
const epochs = 7;

interface Sample {
  readonly ended: Ended;
  readonly folder: string;
  /** Milliseconds since the Unix epoch. */
  readonly lostAt: number;
}

/** A whole run with a fault; what it leaves is read by `use`. */
async function faulty<T>(
  kind: WorkerFault,
  sample: number,
  more: readonly string[],
  use: (sample: Sample) => T,
): Promise<T> {
  const parent = mkdtempSync(join(tmpdir(), 'shardstep-bench-'));
  try {
    const [folder, temporary, mark] = ['run', 'tmp', 'lost'].map((name) => join(parent, name));
    mkdirSync(temporary);
    const environment = faultOfWorker(kind, 'arrived', arrivalOf(sample), mark);
    const all = [...words, `train.epochs=${epochs}`, '--out', folder, ...more];
    const ended = await train(all, { temporary, environment });
    return use({ ended, folder, lostAt: Number(readFileSync(mark, 'utf8')) });
  } finally {
    rmSync(parent, { recursive: true });
  }
}

interface Row {
  readonly step: number;
  readonly elapsedMs: number;
}

function rowsOf(folder: string): Row[] {
  const [, ...lines] = readFileSync(join(folder, 'metrics.csv'), 'utf8').trimEnd().split('\n');
  return lines.map((line) => {
    const cells = line.split(',');
    return { step: Number(cells[0]), elapsedMs: Number(cells[5]) };
  });
}

interface Failed {
  /** From the loss to the end of the process. */
  readonly endMs: number;
  /** From the checkpoint to the last whole step, and the steps between them. */
  readonly behindMs: number;
  readonly behindSteps: number;
  /** What is wrong, if anything. */
  readonly problems: readonly string[];
}

const one = /^error: worker [01] failed in step \d+ \(\w+\): .+$/m;

function failed({ ended, folder, lostAt }: Sample): Failed {
  const { code, stderr, endedAt, orphans } = ended;
  const problems: string[] = [];
  if (code !== 1) problems.push(`exit code ${code}`);
  if (!one.test(stderr)) problems.push(`not its cause: ${stderr}`);
  if (orphans > 0) problems.push(`${orphans} orphans`);
  const last = rowsOf(folder).at(-1);
  const { state } =
    numberedIn(folder).length === 1 ? readCheckpoint(join(folder, lastName)).checkpoint : { state: null };
  if (state === null || last === undefined) problems.push('no checkpoint');
  return {
    endMs: endedAt - lostAt,
    behindMs: (last?.elapsedMs ?? Number.NaN) - (state?.elapsedMs ?? 0),
    behindSteps: (last?.step ?? Number.NaN) - (state?.step ?? 0),
    problems,
  };
}

interface Continued {
  /** From the loss to new workers with the restored copy; until a step that was not taken before. */
  readonly pauseMs: number;
  readonly newStepMs: number;
  readonly again: number;
}

function continued({ ended, folder, lostAt }: Sample): Continued {
  if (ended.code !== 0) throw new Error(`continue: exit code ${ended.code}: ${ended.stderr}`);
  const events = readFileSync(join(folder, 'log.ndjson'), 'utf8').trimEnd().split('\n');
  const losses = events.map((line) => JSON.parse(line)).filter(({ event }) => event === 'worker_error');
  const [{ time, resumedFrom }] = losses;
  if (losses.length !== 1) throw new Error(`continue: ${losses.length} losses`);
  const rows = rowsOf(folder);
  const gaps = rows.slice(1).map(({ elapsedMs }, i) => elapsedMs - rows[i].elapsedMs);
  const longest = gaps.indexOf(Math.max(...gaps));
  return {
    pauseMs: Date.parse(time) - lostAt,
    newStepMs: gaps[longest],
    again: rows[longest].step - resumedFrom,
  };
}

export default async function bench(): Promise<void> {
  const count = Number(process.argv.slice(3).find((word) => /^\d+$/.test(word)) ?? 20);
  const fails = new Map<WorkerFault, Failed[]>(kinds.map((kind) => [kind, []]));
  const goesOn: Continued[] = [];
  for (let sample = 0; sample < count; sample++) {
    for (const kind of kinds) fails.get(kind)?.push(await faulty(kind, sample, [], failed));
    const kind = kinds[sample % kinds.length];
    goesOn.push(await faulty(kind, sample, ['parallel.onWorkerLoss=continue'], continued));
  }
  const all = [...fails.values()].flat();
  const wrong = all.flatMap(({ problems }) => problems);
  for (const problem of wrong) console.log(problem);
  const of = <T>(list: readonly T[], pick: (each: T) => number) => list.map(pick);
  const rows = [...fails].map(([kind, list]) => [
    kind,
    ...[
      of(list, (each) => each.endMs),
      of(list, (each) => each.behindMs),
      of(list, (each) => each.behindSteps),
    ].map((samples) => shown(spread(samples), 0)),
  ]);
  const pauses = of(goesOn, (each) => each.pauseMs);
  const newSteps = of(goesOn, (each) => each.newStepMs);
  const again = of(goesOn, (each) => each.again);
  const samples = Object.fromEntries([
    ...[...fails].flatMap(([kind, list]) => [
      [`${kind}: loss to end of process, ms`, of(list, (each) => each.endMs)],
      [`${kind}: checkpoint to last whole step, ms`, of(list, (each) => each.behindMs)],
      [`${kind}: checkpoint to last whole step, steps`, of(list, (each) => each.behindSteps)],
    ]),
    ['continue: loss to new workers, ms', pauses],
    ['continue: last step to first new step, ms', newSteps],
    ['continue: steps again', again],
  ]);
  await writeRecord('worker-loss', {
    bars: [
      judge('worker-loss-end', Math.max(...of(all, (each) => each.endMs)) / 1000),
      judge('worker-loss-faults', wrong.length),
      judge('worker-loss-pause', pauses),
    ],
    tables: [
      printed({
        title: 'A lost worker ends the run',
        note:
          `${count} runs of fastmlp a kind, 2 threads, median (min–max): from the loss until the process has ended; and how far the checkpoint ` +
          'is behind the last whole step.',
        rows: [['kind', 'ms to the end', 'ms behind', 'steps behind'], ...rows],
      }),
      printed({
        title: 'The run goes on',
        note: 'The same with `parallel.onWorkerLoss=continue`, the kinds in turn. Replay: the steps after the copy, once more.',
        rows: [
          ['', 'median (min–max)'],
          ['loss until new workers have the copy, ms', shown(spread(pauses), 0)],
          ['last step before it until the first new one, with the replay, ms', shown(spread(newSteps), 0)],
          ['steps of the replay', shown(spread(again), 0)],
        ],
      }),
    ],
    samples,
  });
}
