/**
 * `shardstep fit` without a flag on tables, against scikit-learn's MLP and histogram gradient boosting and PyTorch with the same
 * recipe, in turn, on the same splits. `-- tables --data FOLDER [--seeds 5] [TABLE…]`: the folder has adult_train.csv,
 * adult_test.csv, diamonds.csv, letterrecognition.csv and penguins.csv, each also `.gz`; other tables are scikit-learn's.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { mean, standardDeviation } from '../dist/numbers/statistics.js';
import { printed } from './harness.ts';
import { type BarId, judge, writeRecord } from './record.ts';
import { Contestants, pythonOf, type Turn } from './tables/contestants.ts';
import type { OwnRun } from './tables/own.ts';
import { type BenchTable, threads, writeSplits } from './tables/splits.ts';

interface Measured {
  readonly table: BenchTable;
  readonly turns: readonly Turn[];
  /** Of each seed, to the mean score of scikit-learn's MLP; null: never. */
  readonly reached: readonly (OwnRun | null)[];
}

/** Shorter trainings are judged by their scores only. */
const largeRows = 2000;

const contestants = ['own', 'mlp', 'boosting', 'pytorch'] as const;
const namesOf = {
  own: 'shardstep',
  mlp: 'scikit-learn MLP',
  boosting: 'boosting',
  pytorch: 'PyTorch',
} as const;

export default async function tables(): Promise<void> {
  const { data, seeds, wanted } = readWords(process.argv.slice(3));
  const folder = mkdtempSync(join(tmpdir(), 'shardstep-tables-'));
  try {
    const manifest = writeSplits(await pythonOf('scikit-learn'), data, folder, seeds);
    const race = await Contestants.open(folder);
    const all: Measured[] = [];
    for (const [place, table] of manifest.tables.entries()) {
      if (wanted.length > 0 && !wanted.includes(table.name)) continue;
      all.push(await measured(race, table, place, seeds));
    }
    await race.close();
    await writeRecord(
      'tables',
      {
        bars: barsOf(all),
        tables: [scoreTable(all), timeTable(all)],
        samples: samplesOf(all),
        notes: [...manifest.missing, `Peers: ${race.versions.join(', ')}; ${threads} threads each.`],
      },
      { words: ['--data FOLDER', ...(process.argv.includes('--record') ? ['--record'] : [])] },
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function readWords(words: readonly string[]) {
  const rest = words.filter((word) => word !== '--record');
  const wordAfter = (flag: string): string | null => {
    const at = rest.indexOf(flag);
    return at < 0 ? null : (rest.splice(at, 2)[1] ?? null);
  };
  const data = wordAfter('--data') ?? process.env.SHARDSTEP_TABLES;
  if (data === undefined) throw new Error('--data: expected the folder of the tables');
  const seeds = Number(wordAfter('--seeds') ?? 5);
  if (!Number.isInteger(seeds) || seeds < 1) throw new Error('--seeds: expected an integer from 1 up');
  return { data: resolve(data), seeds, wanted: rest };
}

async function measured(
  race: Contestants,
  table: BenchTable,
  place: number,
  seeds: number,
): Promise<Measured> {
  const turns: Turn[] = [];
  for (let seed = 1; seed <= seeds; seed++) {
    const turn = await race.turn(table, place, seed);
    turns.push(turn);
    const words = contestants.map(
      (name) =>
        `${namesOf[name]} ${shownScore(table, turn[name].score)} in ${turn[name].seconds.toFixed(2)} s`,
    );
    console.log(`${table.name}, seed ${seed}: ${words.join(', ')}`);
  }
  const target = mean(turns.map(({ mlp }) => mlp.own));
  const reached: (OwnRun | null)[] = [];
  for (let seed = 1; seed <= seeds; seed++) reached.push(await race.until(table, seed, target));
  return { table, turns, reached };
}

const scoresOf = ({ turns }: Measured, name: (typeof contestants)[number]) =>
  turns.map((turn) => turn[name].score);
const meanOf = (turns: readonly Turn[], of: (turn: Turn) => number) => mean(turns.map(of));

/** A percentage, or an error with three significant digits. */
const shownScore = ({ task }: BenchTable, score: number): string =>
  task === 'classes' ? `${(100 * score).toFixed(2)} %` : score.toPrecision(3);

/** How far behind boosting, in points of accuracy or percent of its error; below 0: before it. */
function behind(each: Measured): number {
  const [own, boosting] = [mean(scoresOf(each, 'own')), mean(scoresOf(each, 'boosting'))];
  return each.table.task === 'classes' ? 100 * (boosting - own) : 100 * (own / boosting - 1);
}

const isWithin = (each: Measured) => behind(each) <= (each.table.task === 'classes' ? 1 : 3);

/** scikit-learn's time over ours to its score; 0 if a seed never reaches it. */
function timesFaster({ turns, reached }: Measured): number {
  const seconds = reached.map((run) => run?.seconds ?? Number.POSITIVE_INFINITY);
  return meanOf(turns, ({ mlp }) => mlp.seconds) / mean(seconds);
}

const pytorchOverOwn = ({ turns }: Measured) =>
  meanOf(turns, ({ pytorch }) => pytorch.seconds) / meanOf(turns, ({ own }) => own.trainSeconds);

function barsOf(all: readonly Measured[]) {
  const large = all.filter(({ table }) => table.train + table.test >= largeRows);
  const score = (id: BarId, name: string, factor: number) => {
    const found = all.find(({ table }) => table.name === name);
    return judge(id, found === undefined ? null : factor * mean(scoresOf(found, 'own')));
  };
  const least = (id: BarId, of: (each: Measured) => number) =>
    judge(id, large.length === 0 ? null : Math.min(...large.map(of)));
  const far = all.filter((each) => !isWithin(each)).map(({ table }) => table.name);
  return [
    score('tables-adult', 'adult', 100),
    score('tables-diamonds', 'diamonds', 1),
    score('tables-letters', 'letters', 100),
    judge('tables-boosting', far.length, far.length === 0 ? undefined : far.join(', ')),
    least('tables-mlp-time', timesFaster),
    least('tables-pytorch-time', pytorchOverOwn),
  ];
}

function scoreTable(all: readonly Measured[]) {
  const rows = all.map((each) => {
    const { table, turns } = each;
    const spread = (name: (typeof contestants)[number]) => {
      const scores = scoresOf(each, name);
      const sd = standardDeviation(scores) ?? 0;
      return `${shownScore(table, mean(scores))} ± ${table.task === 'classes' ? (100 * sd).toFixed(2) : sd.toPrecision(2)}`;
    };
    const unit = table.task === 'classes' ? 'points' : '%';
    const measure =
      table.task === 'classes' ? 'accuracy' : table.logarithm ? 'RMSE of the logarithm' : 'RMSE';
    return [
      ...[table.name, `${table.train.toLocaleString('en-US')} × ${table.columns}`, measure],
      ...contestants.map(spread),
      `${behind(each).toFixed(2)} ${unit}${isWithin(each) ? '' : ', missed'}`,
      `${turns.length}${table.splits > 1 ? ', a split each' : ''}`,
    ];
  });
  const heading = [
    'table',
    'training rows × columns',
    'measure',
    ...contestants.map((name) => namesOf[name]),
  ];
  return printed({
    title: 'Scores on test rows',
    note:
      'Mean ± standard deviation over the seeds. `fit` without a flag; PyTorch has its network, optimiser, schedule, batch, epochs, patience and encoded ' +
      "inputs. Behind: what boosting is better by; below 0 it is worse. A point, or 3 % of an error, is the project's limit.",
    rows: [[...heading, 'behind boosting', 'seeds'], ...rows],
  });
}

function timeTable(all: readonly Measured[]) {
  const rows = all.map((each) => {
    const { table, turns, reached } = each;
    const ran = reached.filter((run) => run !== null);
    const shown = (seconds: number) => seconds.toPrecision(3);
    const until =
      ran.length < reached.length
        ? `${ran.length} of ${reached.length} seeds`
        : shown(mean(ran.map((run) => run.seconds)));
    return [
      table.name,
      ...[shown(meanOf(turns, ({ own }) => own.coldSeconds)), shown(meanOf(turns, ({ own }) => own.seconds))],
      ...[
        shown(meanOf(turns, ({ mlp }) => mlp.seconds)),
        shown(meanOf(turns, ({ boosting }) => boosting.seconds)),
      ],
      ...[until, `${timesFaster(each).toFixed(1)} ×`],
      ...[
        shown(meanOf(turns, ({ own }) => own.trainSeconds)),
        shown(meanOf(turns, ({ pytorch }) => pytorch.seconds)),
      ],
      `${pytorchOverOwn(each).toFixed(1)} ×`,
    ];
  });
  return printed({
    title: 'Seconds',
    note:
      'Means over the seeds. Process: from its start to the scores of the test rows, the file read. Fit: from rows in memory, with ' +
      'encoding and, of `fit`, evaluation. To the score of the MLP: of `fit`, which then evaluates the test rows after each epoch. ' +
      'Training: the epochs with their evaluations; PyTorch has encoded inputs ready, `fit` makes them in each step.',
    rows: [
      [
        ...['table', 'process', 'fit', 'scikit-learn MLP, fit', 'boosting, fit', 'to the score of the MLP'],
        ...['MLP over it', 'training', 'PyTorch, training', 'PyTorch over it'],
      ],
      ...rows,
    ],
  });
}

function samplesOf(all: readonly Measured[]): Record<string, number[]> {
  return Object.fromEntries(
    all.flatMap(({ table, turns, reached }) => [
      ...contestants.flatMap((name): [string, number[]][] => [
        [`${table.name}, ${namesOf[name]}, score`, turns.map((turn) => turn[name].score)],
        [`${table.name}, ${namesOf[name]}, s`, turns.map((turn) => turn[name].seconds)],
      ]),
      [`${table.name}, shardstep, process, s`, turns.map(({ own }) => own.coldSeconds)],
      [`${table.name}, shardstep, epochs`, turns.map(({ own }) => own.epochs)],
      [`${table.name}, shardstep, to the score of the MLP, s`, reached.flatMap((run) => run?.seconds ?? [])],
    ]),
  );
}
