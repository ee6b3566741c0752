/** Finds the CSV files of a set by the names under which they are published. */
import { join } from 'node:path';
import { ExitCode, UserError } from '../user-error.js';
import { shownPath } from './content.js';
import type { CsvFiles } from './csv-set.js';
import { findFile } from './folder.js';
import { holdings, type Listing, searchFolders } from './given-folder.js';

/** `mnist_train.csv`, `fashion-mnist_test.csv`, `emnist-letters-train.csv`, `train.tsv`. */
const partFile = /^(|.*[-_. ])(train|test)(?:ing)?\.(?:csv|tsv|txt)(?:\.gz)?$/i;
const table = /\.(?:csv|tsv)(?:\.gz)?$/i;

/**
 * A training and a test file in a folder or its subfolders; else a training file alone, or one file for both.
 * @throws UserError that lists the missing files and the existing ones, or the sets if there are several.
 */
export async function findCsvFiles(given: Listing, note: (line: string) => void): Promise<CsvFiles> {
  const { found, depth } = await searchFolders(given, (listing) => setsIn(listing));
  const sets = found.flat();
  const [only] = sets;
  if (sets.length === 1 && only !== undefined) {
    if (depth > 0) note(`${shownPath(given.dir)}: the file is ${shownPath(only.train)}`);
    return only;
  }
  if (sets.length > 1) {
    const names = sets.map(({ train }) => shownPath(train)).slice(0, 8);
    const text = `several files to train on: ${names.join(', ')}; expected one in data.dir`;
    throw new UserError(`${shownPath(given.dir)}: ${text}`, ExitCode.usage);
  }
  const hasTest = given.files.some((name) => partFile.exec(name)?.[2]?.toLowerCase() === 'test');
  const missing = hasTest ? 'train.csv' : 'train.csv, test.csv';
  const isIdx = given.files.some((name) => /idx\d-(ubyte|int)/i.test(name));
  const isImages = given.files.some((name) => /\.(png|jpe?g|bmp)$/i.test(name));
  const advice = isIdx ? '; data.set=idx reads IDX files' : isImages ? '; images are not read' : '';
  throw new UserError(
    `${shownPath(given.dir)}: missing ${missing} (plain or .gz, or with mnist_ or the like in front)${holdings(given)}${advice}`,
  );
}

function setsIn({ dir, files }: Listing): readonly CsvFiles[] | null {
  const entries = new Set(files);
  const find = (part: string) => findFile(entries, dir, [`${part}.csv`, `mnist_${part}.csv`]);
  const [train, test] = [find('train'), find('test')];
  if (train !== null && test !== null) return [{ train, test }];
  const groups = new Map<string, { train?: string; test?: string }>();
  // Plain files come after `.gz`, and replace them in the group.
  for (const name of [...files].sort((a, b) => Number(b.endsWith('.gz')) - Number(a.endsWith('.gz')))) {
    const [, prefix, part] = partFile.exec(name) ?? [];
    if (prefix === undefined || part === undefined) continue;
    const group = groups.get(prefix.toLowerCase()) ?? {};
    group[part.toLowerCase() as 'train' | 'test'] = join(dir, name);
    groups.set(prefix.toLowerCase(), group);
  }
  const pairs: CsvFiles[] = [];
  const alone: CsvFiles[] = [];
  for (const { train, test = null } of groups.values())
    if (train !== undefined) (test === null ? alone : pairs).push({ train, test });
  if (pairs.length > 0) return pairs;
  if (alone.length > 0) return alone;
  const both = findFile(entries, dir, ['data.csv', 'data.tsv']);
  if (both !== null) return [{ train: both, test: null }];
  const others = files.filter((name) => table.test(name) && !partFile.test(name));
  return others.length === 1 && groups.size === 0 ? [{ train: join(dir, others[0]), test: null }] : null;
}
