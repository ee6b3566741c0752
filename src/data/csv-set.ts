/** A data set of CSV files: the training file decides the meaning of the columns, the test file must agree with it. */
import { UserError } from '../user-error.js';
import type { Warn } from '../warnings.js';
import { readContent, shownPath } from './content.js';
import { type CsvPart, parseCsv } from './csv.js';
import { warnOfColumns } from './csv-checks.js';
import { type CsvLayout, columnText, type LabelColumn, layoutOf } from './csv-layout.js';
import { layoutLike, NoLabels } from './csv-like.js';
import type { PixelDataset, PixelSamples } from './dataset.js';
import { checkTrainingLabels, integerLabels } from './labels.js';
import { holdOutTest } from './split.js';

export interface CsvFiles {
  readonly train: string;
  /** Null: some rows of the training file are held out. */
  readonly test: string | null;
}

export interface CsvSetOptions {
  readonly label: LabelColumn;
  readonly note: (line: string) => void;
  readonly warn: Warn;
  readonly signal?: AbortSignal | undefined;
}

export interface CsvSet {
  readonly train: PixelSamples;
  readonly test: PixelSamples;
  readonly target: PixelDataset['target'];
  /** By `train.csv`, `test.csv`. */
  readonly sha256: Readonly<Record<string, string>>;
}

/** @throws UserError for files that cannot be read, do not fit together, or have labels that make no sense. */
export async function readCsvSet(files: CsvFiles, options: CsvSetOptions): Promise<CsvSet> {
  const { label, note, warn, signal } = options;
  const read = async (path: string, layout: Parameters<typeof parseCsv>[2]) => {
    const { bytes, sha256 } = await readContent(path, { signal });
    return { part: await parseCsv(bytes, shownPath(path), { ...layout, signal }), sha256 };
  };
  // In sequence: parsing is this thread's own work, and the first file's text can be freed.
  const train = await read(files.train, { layout: (columns) => layoutOf(columns, label) });
  const { layout } = train.part;
  const test = await readTest(files.test, train.part, read, warn);
  const { parts, labels } = named(train.part, test?.part ?? null);
  const where = `${layout.path}: ${columnText(layout, layout.label)}`;
  checkTrainingLabels(parts.train, labels, { where, advice: () => adviceFor(train.part) });
  warnOfColumns(train.part, warn);
  noteColumns(train.part, labels, note);
  const sha256 = { 'train.csv': train.sha256, ...(test === null ? {} : { 'test.csv': test.sha256 }) };
  const split =
    parts.test === null ? heldOut(parts.train, layout.path, note) : { ...parts, test: parts.test };
  return { train: split.train, test: split.test, target: { kind: 'class', labels }, sha256 };
}

type Read = (
  path: string,
  layout: { layout: (columns: Parameters<typeof layoutLike>[0]) => CsvLayout },
) => Promise<{ part: CsvPart; sha256: string }>;

/** Null if there is no test file with labels. */
async function readTest(path: string | null, { layout }: CsvPart, read: Read, warn: Warn) {
  if (path === null) return null;
  try {
    return await read(path, { layout: (columns) => layoutLike(columns, layout) });
  } catch (error) {
    if (!(error instanceof NoLabels && error.isCertain)) throw error;
    warn('test-without-labels', `${error.message}; rows of ${layout.path} are held out for the test`);
    return null;
  }
}

function heldOut(samples: PixelSamples, path: string, note: (line: string) => void) {
  const split = holdOutTest(samples);
  if (split === null)
    throw new UserError(
      `${path}: no class has five rows, so none can be held out for the test; expected a test.csv`,
    );
  const { train, test } = split;
  note(`${path}: one row in five of each class is held out for the test: ${test.count} of ${samples.count}`);
  return { train, test };
}

/** Words become the numbers of their places in sorted order. */
function named(train: CsvPart, test: CsvPart | null) {
  if (train.words === null) {
    const labels = integerLabels(train.targets, test?.targets ?? new Uint32Array(0));
    return { parts: { train: plain(train, null), test: test && plain(test, null) }, labels };
  }
  const labels = [...new Set([...train.words, ...(test?.words ?? [])])].sort();
  const places = new Map(labels.map((word, place) => [word, place]));
  const numbered = (part: CsvPart) => plain(part, part.words?.map((word) => places.get(word) ?? 0) ?? null);
  return { parts: { train: numbered(train), test: test && numbered(test) }, labels };
}

/** Without the fields of CSV files; `places`: the new number of each target. */
function plain(
  { values, targets, count, shape, full }: CsvPart,
  places: readonly number[] | null,
): PixelSamples {
  const numbered = places === null ? targets : targets.map((target) => places[target]);
  return { values, targets: numbered, count, shape, full };
}

/** Advice for labels that make no sense: names a column that looks like labels, if there is one. */
function adviceFor({ layout, values, count, shape }: CsvPart): string {
  const { label, leftOut, width } = layout;
  const features = Array.from({ length: width }, (_, column) => column).filter(
    (column) => column !== label && !leftOut.includes(column),
  );
  const size = shape[0] * shape[1] * shape[2];
  const looksLikeLabels = (place: number) => {
    const seen = new Set<number>();
    for (let row = 0; row < count; row += 1) seen.add(values[row * size + place]);
    return seen.size > 1 && seen.size <= count / 2 && [...seen].every((value) => value <= seen.size);
  };
  const ends = [features.length - 1, 0].filter(looksLikeLabels);
  const [likely] = ends;
  if (likely === undefined) return 'data.label names another column';
  const column = features[likely];
  return `${columnText(layout, column)} looks like labels: data.label=${layout.names?.[column] ?? column + 1}`;
}

function noteColumns(
  { layout, words }: CsvPart,
  labels: readonly string[],
  note: (line: string) => void,
): void {
  const { label, labelBy, path } = layout;
  if (label !== 0 && labelBy !== 'data.label') note(`${path}: the labels are ${columnText(layout, label)}`);
  if (words === null) return;
  const shown = labels.length > 10 ? [...labels.slice(0, 9), '…', ...labels.slice(-1)] : labels;
  note(`${path}: ${labels.length} classes in sorted order: ${shown.join(', ')}`);
}
