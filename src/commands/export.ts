/** The `export` command: a trained network, from its file alone, as a file of another format. */
import { statSync } from 'node:fs';
import path from 'node:path';
import { OwnResources } from '../coordinator/resources.js';
import { namesOf } from '../data/target.js';
import { checkGraph } from '../formats/check-graph.js';
import { type Format, formatNamed, formatOf, formats } from '../formats/formats.js';
import { quantisedLayers } from '../formats/quantised.js';
import { graphOf, inputColumns, outputKindOf } from '../inference/model-graph.js';
import { type SavedModel, savedModel } from '../inference/saved-model.js';
import { type InitialWeights, readWeights } from '../inference/weights-file.js';
import { readWholeFile } from '../memory/whole-file.js';
import type { Graph, OutputKind } from '../model/op.js';
import { mostLost } from '../model/quantise.js';
import { grouped, percent, plural } from '../numbers/words.js';
import { writeAtomic } from '../run/atomic-file.js';
import type { CommandContext } from '../run/command-context.js';
import { ExitCode, expectedGot, quoted, UserError } from '../user-error.js';
import { version } from '../version.js';
import type { Command } from './command.js';
import { fileOf, scoresOf, testSetOf } from './model-scores.js';
import { file, quietOption } from './option-values.js';

interface Flags {
  readonly to: string;
  readonly format?: string;
  readonly name?: string;
  readonly int8: boolean;
  readonly allowLoss: boolean;
}

export const command: Command<Flags> = {
  declare: (parser) =>
    parser
      .argument('<model>', 'a run folder, or its final.safetensors')
      .argument('[data...]', 'with --int8: data.set, data.dir or data.label of the images to measure it on')
      .requiredOption('--to <file>', `the file to write: ${endings()}`, file('to'))
      .option(
        '--format <name>',
        `${formats.map(({ name }) => name).join(', ')}; by default that of the ending`,
      )
      .option('--name <name>', 'h: prefix of the names in the header (default: model)')
      .option('--int8', 'h: weights in 8 bits; measures the accuracy on the test part first', false)
      .option('--allow-loss', 'with --int8: write the file even if it loses more than 0.1 points', false)
      .option(...quietOption),
  run: ([model, ...words], flags, line) => exportModel(model, words, flags, line),
};

const endings = () => formats.flatMap(({ ending }) => ending ?? []).join(', ');

async function exportModel(
  model: string,
  words: readonly string[],
  flags: Flags,
  context: CommandContext,
): Promise<ExitCode> {
  const source = fileOf(model);
  refusePlace(flags.to, source);
  const format = chosenFormat(flags);
  if (!flags.int8 && words.length > 0)
    throw new UserError(
      `expected one model, or --int8 before keys of data, got ${quoted(words[0])}`,
      ExitCode.usage,
    );
  const weights = readWeights(source);
  const saved = savedModel(weights, source);
  const graph = format.holdsAll === true ? null : checked(graphOf(saved), source);
  if (flags.int8) refuseInt8(saved);
  const measured = flags.int8 ? await measure(weights, saved, words, flags.allowLoss, context) : null;
  const { data, beside, notes } = await format.write(() => graph ?? checked(graphOf(saved), source), {
    name: flags.name ?? null,
    isQuantised: flags.int8,
    fileName: path.basename(flags.to),
    source: readWholeFile(source),
    version,
  });
  const files = [...(beside ?? [])].map(([name, each]): [string, string | Uint8Array] => [
    path.join(path.dirname(flags.to), name),
    each,
  ]);
  // The file that names the others comes last.
  for (const [name, each] of [...files, [flags.to, data] as const]) await writeAtomic(name, each);
  for (const note of notes ?? []) context.stderr(`note: ${note}`);
  const bytes = [...files.map(([, each]) => each), data].reduce(
    (sum, each) => sum + Buffer.byteLength(each),
    0,
  );
  const kind = outputKindOf(saved);
  const outputs = namesOf(saved.target).length;
  const results = {
    file: flags.to,
    beside: files.map(([name]) => name),
    format: format.name,
    bytes,
    ...(kind === 'class' ? { classes: outputs } : { [kind === 'value' ? 'values' : 'labels']: outputs }),
  };
  context.stdout(
    context.json
      ? JSON.stringify({
          schema: 1,
          model: source,
          ...results,
          int8: measured,
          notes: notes ?? [],
          warnings: context.warnings.list,
        })
      : `${flags.to}: ${grouped(bytes)} bytes, ${format.holds}: ${outputWords(kind, outputs)} from ${inputWords(saved)}${wordsOf(measured)}`,
  );
  return ExitCode.done;
}

function checked(graph: Graph, source: string): Graph {
  checkGraph(graph, source);
  return graph;
}

/** @throws UserError (usage): its loss is measured on images. */
function refuseInt8(saved: SavedModel): void {
  if (saved.config.model.shortcut)
    throw UserError.refusal('--int8', 'no model with model.shortcut', saved.source);
  if (saved.table === null && saved.target.kind === 'class') return;
  const got = saved.table === null ? 'one of values' : 'one of a table';
  throw new UserError(
    `--int8: expected a network of classes from pixels or numbers, got ${got}`,
    ExitCode.usage,
  );
}

function outputWords(kind: OutputKind, count: number): string {
  if (kind === 'class') return `${count} classes`;
  return plural(count, kind === 'value' ? 'value' : 'label');
}

const inputWords = ({ table, pipeline }: SavedModel): string =>
  table === null
    ? `${pipeline.input.join('×')} values`
    : `rows with ${plural(inputColumns(table).length, 'column')}`;

/** @throws UserError (usage) for an unknown format, or one that does not take the other flags. */
function chosenFormat({ to, format, name, int8, allowLoss }: Flags): Format {
  const names = formats.map((one) => one.name).join(', ');
  const chosen = format === undefined ? formatOf(path.basename(to)) : formatNamed(format);
  if (chosen === undefined)
    throw new UserError(
      format === undefined
        ? `--to: ${expectedGot(`a file that ends in ${endings()}, or --format`, to)}`
        : `--format: ${expectedGot(`one of ${names}`, format)}`,
      ExitCode.usage,
    );
  const refuse = (flag: string, takes: (one: Format) => boolean | undefined) => {
    const those = formats.filter(takes).map((one) => one.name);
    throw new UserError(
      `${flag}: ${expectedGot(`a format that takes it (${those.join(', ')})`, chosen.name)}`,
      ExitCode.usage,
    );
  };
  if (int8 && chosen.takesInt8 !== true) refuse('--int8', (one) => one.takesInt8);
  if (name !== undefined && chosen.takesName !== true) refuse('--name', (one) => one.takesName);
  if (allowLoss && !int8) throw new UserError('--allow-loss: expected --int8 with it', ExitCode.usage);
  return chosen;
}

/** An existing file is replaced, as compilers do. @throws UserError (usage) for a folder, or the model itself. */
function refusePlace(to: string, source: string): void {
  const there = statSync(to, { throwIfNoEntry: false });
  if (there === undefined) return;
  if (there.isDirectory())
    throw new UserError(`--to: ${expectedGot('a file, not a folder', to)}`, ExitCode.usage);
  const own = statSync(source, { throwIfNoEntry: false });
  if (own !== undefined && own.ino === there.ino && own.dev === there.dev)
    throw new UserError(`--to: ${expectedGot('another file than the model itself', to)}`, ExitCode.usage);
}

interface Measured {
  readonly set: string;
  readonly images: number;
  readonly float32: number;
  readonly int8: number;
}

/** @throws UserError (exit 1) for too much loss of accuracy. */
async function measure(
  weights: InitialWeights,
  model: SavedModel,
  words: readonly string[],
  allowsLoss: boolean,
  { signal, progress, warnings }: CommandContext,
): Promise<Measured> {
  const resources = new OwnResources(signal, (line) => progress.note(line), warnings.warn);
  try {
    const dataset = await testSetOf(weights, words, model.source, resources, warnings.warn);
    const { accuracy: float32, count: images } = await scoresOf(model, dataset, resources);
    const layers = model.config.model.hidden.length + 1;
    const tensors = quantisedLayers(model.tensors, layers);
    const { accuracy: int8 } = await scoresOf({ ...model, tensors }, dataset, resources);
    const measured = { set: dataset.name, images, float32, int8 };
    if (float32 - int8 > mostLost && !allowsLoss)
      throw new UserError(
        `--int8: expected at most 0.1 points less accuracy, lost ${points(float32 - int8)}${wordsOf(measured)}; --allow-loss writes it nevertheless`,
      );
    return measured;
  } finally {
    await resources.close();
  }
}

const points = (share: number) => (100 * share).toFixed(2);

const wordsOf = (measured: Measured | null) =>
  measured === null
    ? ''
    : `; ${percent(measured.int8)} of the ${grouped(measured.images)} test images of ${measured.set}, ${percent(measured.float32)} with weights in float32`;
