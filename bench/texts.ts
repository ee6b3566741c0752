/**
 * `shardstep fit` without a flag on sentences of two classes, against fastText, in turn, on the same splits. `-- texts --data FOLDER
 * [--seeds 5]`: the folder has movieReviewSnippets_GroundTruth.txt of the source package of vaderSentiment 2.5 (PyPI; snippets of
 * film reviews with a mean rating, Hutto & Gilbert 2014). A snippet is positive if its rating is above 0; those of 0 are left out.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import Papa from 'papaparse';
import { Rng } from '../dist/numbers/rng.js';
import { mean, median, standardDeviation } from '../dist/numbers/statistics.js';
import { printed } from './harness.ts';
import { openLineProcess } from './line-process.ts';
import { judge, writeRecord } from './record.ts';
import { pythonOf } from './tables/contestants.ts';
import { fit, type OwnRun } from './tables/own.ts';
import { threads } from './tables/splits.ts';

interface Fitted {
  readonly score: number;
  readonly seconds: number;
  readonly epochs: number;
}

interface Turn {
  readonly own: OwnRun;
  readonly tutorial: Fitted;
  readonly plain: Fitted;
}

const testShare = 0.2;

export default async function texts(): Promise<void> {
  const { data, seeds } = readWords(process.argv.slice(3));
  const sentences = sentencesIn(join(data, 'movieReviewSnippets_GroundTruth.txt'));
  const folder = mkdtempSync(join(tmpdir(), 'shardstep-texts-'));
  try {
    const training = Math.round(sentences.length * (1 - testShare));
    for (let seed = 1; seed <= seeds; seed++) writeSplit(sentences, training, seed, folder);
    const peer = await openLineProcess(
      'bench/texts/fasttext_texts.py',
      [folder, `${threads}`],
      await pythonOf('fasttext'),
    );
    const turns: Turn[] = [];
    for (let seed = 1; seed <= seeds; seed++) {
      const own = await ownRun(folder, seed);
      const tutorial: Fitted = JSON.parse(await peer.ask(`${seed} tutorial`));
      const plain: Fitted = JSON.parse(await peer.ask(`${seed} plain`));
      turns.push({ own, tutorial, plain });
      console.log(`seed ${seed}: shardstep ${own.own}, fastText ${tutorial.score}, ${plain.score}`);
    }
    await peer.close();
    const version = JSON.parse(peer.greeting).version;
    await writeRecord(
      'texts',
      {
        bars: barsOf(turns, training),
        tables: [table(turns, training, sentences.length - training)],
        samples: samplesOf(turns),
        notes: [`Peer: fastText ${version}; ${threads} threads each.`],
      },
      { words: ['--data FOLDER', ...(process.argv.includes('--record') ? ['--record'] : [])] },
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function readWords(words: readonly string[]) {
  const rest = words.filter((word) => word !== '--record');
  const after = (flag: string) => (rest.includes(flag) ? rest[rest.indexOf(flag) + 1] : undefined);
  const data = after('--data') ?? process.env.SHARDSTEP_TEXTS;
  if (data === undefined) throw new Error('--data: expected the folder of the sentences');
  const seeds = Number(after('--seeds') ?? 5);
  if (!Number.isInteger(seeds) || seeds < 1) throw new Error('--seeds: expected an integer from 1 up');
  return { data: resolve(data), seeds };
}

/** Text and class. */
type Sentence = readonly [string, 'positive' | 'negative'];

function sentencesIn(file: string): Sentence[] {
  return readFileSync(file, 'latin1')
    .trimEnd()
    .split(/\r?\n/)
    .flatMap((line): Sentence[] => {
      const [, rating, text] = line.split('\t');
      if (text === undefined || Number(rating) === 0) return [];
      return [[text, Number(rating) > 0 ? 'positive' : 'negative']];
    });
}

function writeSplit(sentences: readonly Sentence[], training: number, seed: number, folder: string): void {
  const rng = new Rng(seed);
  const order = [...sentences];
  for (let i = order.length - 1; i > 0; i--) {
    const other = rng.below(i + 1);
    [order[i], order[other]] = [order[other], order[i]];
  }
  const parts = { train: order.slice(0, training), test: order.slice(training) };
  for (const [part, rows] of Object.entries(parts)) {
    writeFileSync(join(folder, `${seed}.${part}.csv`), Papa.unparse([['text', 'label'], ...rows]));
    // In lower case, as its tutorial has it.
    const lines = rows.map(([text, label]) => `__label__${label} ${text.toLowerCase()}\n`);
    writeFileSync(join(folder, `${seed}.${part}.txt`), lines.join(''));
  }
}

function ownRun(folder: string, seed: number): Promise<OwnRun> {
  const file = (part: string) => join(folder, `${seed}.${part}.csv`);
  const table = { name: 'texts', target: 'label', task: 'classes', logarithm: false, splits: 2 } as const;
  const sizes = { columns: 1, train: 0, test: 0 };
  const split = { table: { ...table, ...sizes }, trainFile: file('train'), testFile: file('test') };
  return fit(split, seed, join(folder, 'run'), ['--no-report']);
}

/** Sentences an epoch, over its seconds. `fit` trains on nine tenths and evaluates the rest after each epoch. */
const ownRate = ({ own }: Turn, training: number) => (0.9 * training * own.epochs) / own.trainSeconds;
const peerRate = ({ epochs, seconds }: Fitted, training: number) => (training * epochs) / seconds;

function barsOf(turns: readonly Turn[], training: number) {
  const best = Math.max(
    ...(['tutorial', 'plain'] as const).map((name) => mean(turns.map((turn) => turn[name].score))),
  );
  const lead = 100 * (mean(turns.map(({ own }) => own.own)) - best);
  return [
    judge('texts-fasttext', lead),
    judge('texts-rate', median(turns.map((turn) => ownRate(turn, training)))),
  ];
}

function table(turns: readonly Turn[], training: number, test: number) {
  const row = (name: string, scores: number[], epochs: number[], seconds: number[], rates: number[]) => [
    name,
    `${(100 * mean(scores)).toFixed(2)} % ± ${(100 * (standardDeviation(scores) ?? 0)).toFixed(2)}`,
    mean(epochs).toFixed(0),
    `${median(seconds).toFixed(2)} (${Math.min(...seconds).toFixed(2)}–${Math.max(...seconds).toFixed(2)})`,
    Math.round(median(rates)).toLocaleString('en-US'),
  ];
  const of = (name: 'tutorial' | 'plain') => turns.map((turn) => turn[name]);
  const peer = (words: string, name: 'tutorial' | 'plain') =>
    row(
      words,
      of(name).map(({ score }) => score),
      of(name).map(({ epochs }) => epochs),
      of(name).map(({ seconds }) => seconds),
      of(name).map((one) => peerRate(one, training)),
    );
  return printed({
    title: 'Sentences of two classes',
    note:
      `${training.toLocaleString('en-US')} training and ${test.toLocaleString('en-US')} test sentences, another split for each seed. Accuracy: mean ± standard deviation. ` +
      'Seconds: median (range) of the training; that of fastText reads its file, that of `fit` evaluates validation rows after each epoch.',
    rows: [
      ['', 'accuracy', 'epochs', 'training, s', 'sentences/s'],
      row(
        'shardstep fit',
        turns.map(({ own }) => own.own),
        turns.map(({ own }) => own.epochs),
        turns.map(({ own }) => own.trainSeconds),
        turns.map((turn) => ownRate(turn, training)),
      ),
      peer('fastText, rate 0.5, 25 epochs, pairs', 'tutorial'),
      peer('fastText as it comes', 'plain'),
    ],
  });
}

function samplesOf(turns: readonly Turn[]): Record<string, number[]> {
  return {
    'shardstep, accuracy': turns.map(({ own }) => own.own),
    'shardstep, s': turns.map(({ own }) => own.trainSeconds),
    'shardstep, epochs': turns.map(({ own }) => own.epochs),
    'fastText tutorial, accuracy': turns.map(({ tutorial }) => tutorial.score),
    'fastText tutorial, s': turns.map(({ tutorial }) => tutorial.seconds),
    'fastText plain, accuracy': turns.map(({ plain }) => plain.score),
    'fastText plain, s': turns.map(({ plain }) => plain.seconds),
  };
}
