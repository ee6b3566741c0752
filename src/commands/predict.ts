/** The `predict` command: the classes that a trained network, from its file alone, gives to images and rows. */
import Papa from 'papaparse';
import { filesOf, readGiven } from '../data/given-files.js';
import { GivenInputs, type GivenSamples } from '../data/given-inputs.js';
import { MissingSharp } from '../data/images/decode.js';
import { type Manner, manners } from '../data/images/prepare.js';
import { fitOf, inputNamesOf, valuesOf } from '../inference/weights-file.js';
import { load } from '../library/load.js';
import type { Model } from '../library/model.js';
import type { PredictOptions } from '../library/types.js';
import { sizeOf } from '../numbers/size.js';
import { percent } from '../numbers/words.js';
import type { CommandContext } from '../run/command-context.js';
import { readTableRows } from '../tables/training/table-file.js';
import type { TableModel } from '../tables/training/table-model.js';
import { ExitCode, UserError } from '../user-error.js';
import type { Command } from './command.js';
import { count, quietOption } from './option-values.js';

interface Flags {
  readonly top: number;
  readonly csv: boolean;
  readonly as?: Manner;
  readonly threads: NonNullable<PredictOptions['threads']>;
}

export const command: Command<Flags> = {
  declare: (parser) =>
    parser
      .argument('<model>', 'a run folder, or its final.safetensors')
      .argument(
        '<file...>',
        'images (PNG, JPEG, WebP, GIF), folders of them, IDX files of images, CSV files (of a table also JSON lines and Parquet); - is stdin',
      )
      .option('--top <k>', 'the k most probable classes of each', count('top'), 1)
      .option('--csv', 'rows of CSV on stdout', false)
      .option(
        '--as <set>',
        `prepare images like this set: ${manners.join(', ')}; default: the model's`,
        mannerOf,
      )
      .option('--threads <n>', "1, 2, …, 'physical' or 'logical'", threadsOf, 1)
      .option(...quietOption)
      .addHelpText('after', '\nExit code 1 if a file could not be read; the others are predicted.'),
  run: ([model, ...words], flags, line) => predict(model, words, flags, line),
};

/** Samples are predicted as soon as there are so many. */
const batchSamples = 1024;

/** A class with its probability. */
interface Choice {
  readonly label: string;
  readonly probability: number;
}

interface Place {
  readonly file: string;
  /** From 0, in an IDX or a CSV file; null: the file is an image. */
  readonly index: number | null;
}

interface ClassPrediction extends Place, Choice {
  /** The most probable first. */
  readonly top: readonly Choice[];
}

/** By the name of each value; of labels, probabilities. */
interface ValuePrediction extends Place {
  readonly values: Readonly<Record<string, number>>;
}

type Prediction = ClassPrediction | ValuePrediction;

async function predict(
  source: string,
  words: readonly string[],
  flags: Flags,
  context: CommandContext,
): Promise<ExitCode> {
  const { progress, signal, json } = context;
  if (json && flags.csv) throw new UserError('--csv and --json exclude each other', ExitCode.usage);
  if (words.filter((word) => word === '-').length > 1)
    throw new UserError('expected - once: stdin can be read once', ExitCode.usage);
  const note = (line: string) => progress.note(line);
  await using model = await load(source);
  const set = model.metadata['data.set'] ?? '';
  const kind = valuesOf(model.metadata);
  if (model.table !== null && flags.as !== undefined)
    throw UserError.refusal('--as', 'no manner of images for a model of a table', flags.as);
  const { table } = model;
  const targets = model.kind === 'value' ? model.labels : [];
  const manner = flags.as ?? null;
  const names = inputNamesOf(model.metadata);
  const given = new GivenInputs({
    ...{ input: model.input, kind, set, fit: fitOf(model.metadata), manner, targets },
    ...{ inputs: names, note, signal },
  });
  const inputs = table === null ? given : { read: (file: string) => tableSamples(file, table, note, signal) };
  const writer = writerOf(flags, context, model.kind);
  const failures: { readonly file: string; readonly message: string }[] = [];
  const attempt = async <T>(file: string, work: Promise<T>): Promise<T | null> => {
    try {
      return await work;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof UserError)) throw error;
      const { message } = error;
      // The package is missed once, however many images there are.
      if (!(error instanceof MissingSharp) || failures.every((other) => other.message !== message))
        context.stderr(`error: ${message}`);
      failures.push({ file, message });
      return null;
    }
  };
  const batch = new Batch(model, flags, writer.write);
  for (const word of words)
    for (const file of (await attempt(word, filesOf(word, note))) ?? []) {
      signal.throwIfAborted();
      const samples = await attempt(file, inputs.read(file));
      if (samples !== null) await batch.add(file, samples);
    }
  await batch.flush();
  writer.end({ schema: 1, model: model.source, labels: model.labels }, failures);
  return failures.length === 0 ? ExitCode.done : ExitCode.failure;
}

async function tableSamples(
  file: string,
  table: TableModel,
  note: (line: string) => void,
  signal: AbortSignal,
): Promise<GivenSamples> {
  const given = file === '-' ? (await readGiven(file, signal)).bytes : file;
  return { isMany: true, values: await readTableRows(given, 'stdin', table, note, signal) };
}

class Batch {
  readonly #model: Model;
  readonly #flags: Flags;
  readonly #write: (prediction: Prediction) => void;
  #held: (GivenSamples & { readonly file: string })[] = [];

  constructor(model: Model, flags: Flags, write: (prediction: Prediction) => void) {
    this.#model = model;
    this.#flags = flags;
    this.#write = write;
  }

  async add(file: string, samples: GivenSamples): Promise<void> {
    this.#held.push({ file, ...samples });
    const length = this.#held.reduce((sum, { values }) => sum + values.length, 0);
    if (length >= batchSamples * this.#size) await this.flush();
  }

  async flush(): Promise<void> {
    const held = this.#held;
    if (held.length === 0) return;
    this.#held = [];
    const values = held.length === 1 ? held[0].values : joined(held);
    const { threads, top } = this.#flags;
    const probabilities = await this.#model.predictMany(values, { threads });
    const { labels } = this.#model;
    let row = 0;
    for (const { file, isMany, values } of held)
      for (let index = 0; index < values.length / this.#size; index++, row++) {
        const own = probabilities.subarray(row * labels.length, (row + 1) * labels.length);
        const place = { file, index: isMany ? index : null };
        if (this.#model.kind === 'value') {
          this.#write({ ...place, values: Object.fromEntries(labels.map((name, k) => [name, own[k]])) });
          continue;
        }
        const choices = mostProbable(own, labels, top);
        this.#write({ ...place, ...choices[0], top: choices });
      }
  }

  get #size(): number {
    return sizeOf(this.#model.input);
  }
}

/** All of one kind: that which the model takes. */
function joined(held: readonly GivenSamples[]): GivenSamples['values'] {
  const length = held.reduce((sum, { values }) => sum + values.length, 0);
  const isReal = held.some(({ values }) => values instanceof Float32Array);
  const all = isReal ? new Float32Array(length) : new Uint8Array(length);
  let at = 0;
  for (const { values } of held) {
    all.set(values, at);
    at += values.length;
  }
  return all;
}

/** Of equal probabilities the first class comes first, as in PyTorch's argmax. */
function mostProbable(probabilities: Float32Array, labels: readonly string[], top: number): Choice[] {
  return labels
    .map((label, k) => ({ label, probability: probabilities[k] }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, top);
}

interface Writer {
  readonly write: (prediction: Prediction) => void;
  readonly end: (head: object, failures: readonly object[]) => void;
}

function writerOf({ csv }: Flags, { json, stdout }: CommandContext, kind: Model['kind']): Writer {
  if (json) {
    const predictions: Prediction[] = [];
    return {
      write: (prediction) => predictions.push(prediction),
      end: (head, failures) => stdout(JSON.stringify({ ...head, predictions, failures })),
    };
  }
  if (!csv) return { write: (prediction) => stdout(textOf(prediction)), end: () => {} };
  stdout(kind === 'class' ? 'file,index,rank,label,probability' : 'file,index,target,value');
  return {
    write: (prediction) => stdout(Papa.unparse(rowsOf(prediction), { newline: '\n' })),
    end: () => {},
  };
}

function rowsOf(prediction: Prediction): (string | number | null)[][] {
  const { file, index } = prediction;
  return 'values' in prediction
    ? Object.entries(prediction.values).map(([name, value]) => [file, index, name, value])
    : prediction.top.map(({ label, probability }, rank) => [file, index, rank + 1, label, probability]);
}

function textOf(prediction: Prediction): string {
  const { file, index } = prediction;
  const found =
    'values' in prediction
      ? Object.entries(prediction.values).map(([name, value]) => `${name}  ${Number(value.toPrecision(6))}`)
      : prediction.top.map(({ label, probability }) => `${label}  ${percent(probability)}`);
  return [index === null ? file : `${file}[${index}]`, ...found].join('  ');
}

function mannerOf(text: string): Manner {
  const manner = manners.find((one) => one === text);
  if (manner === undefined) throw UserError.refusal('--as', `one of ${manners.join(', ')}`, text);
  return manner;
}

function threadsOf(text: string): Flags['threads'] {
  return text === 'physical' || text === 'logical' ? text : count('threads')(text);
}
