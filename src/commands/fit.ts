/**
 * The `fit` command: a table and its target are all that it needs, or a folder of pictures for each class; the recipes are
 * configs/fit.yaml and configs/fit-images.yaml.
 */
import { statSync } from 'node:fs';
import type { Command as Parser } from 'commander';
import { ExitCode, expectedGot, UserError } from '../user-error.js';
import type { Command } from './command.js';
import { count, file } from './option-values.js';
import { train } from './train.js';
import { beginTraining, declareRun, type TrainingFlags } from './training-options.js';

interface Flags extends TrainingFlags {
  readonly target?: readonly string[];
  readonly test?: string;
  readonly holdout?: number;
  readonly column?: Readonly<Record<string, string>>;
  readonly seeds: number;
}

const declare = (parser: Parser) =>
  declareRun(
    parser
      .argument(
        '<file>',
        'the table: CSV, TSV, JSON lines or Parquet, also compressed with gzip; or a folder with a folder of pictures for each class',
      )
      .argument('[key=value...]', 'settings that override the recipe, such as train.epochs=20')
      .option(
        '--target <column>',
        'what to predict: a name in the header or a number from 1; again for several (default: the last column)',
        (word, before: readonly string[] = []) => [...before, word],
      )
      .option('--test <file>', 'a table of rows that only measure the model', file('test'))
      .option(
        '--holdout <share>',
        'without --test: the share of the rows, or of the pictures, that only measure it (default: 0.2)',
        share,
      )
      .option(
        '--column <name=type>',
        'the type of a column, if the one found is wrong: number, category, yes/no, date, text, ignore; again for others',
        typeOf,
      )
      .option('--seeds <n>', 'train with seeds 1, 2, …; print mean, SD, min', count('seeds'), 1)
      .option(
        '--config <file>',
        'another recipe (default: configs/fit.yaml, for pictures configs/fit-images.yaml)',
      )
      .option('--threads <count>', 'a count, physical (default), logical or auto'),
  );

export const command: Command<Flags> = {
  declare,
  async run([data, ...words], flags, line) {
    const { target, test, holdout, column, seeds } = flags;
    const isFolder = statSync(data, { throwIfNoEntry: false })?.isDirectory() === true;
    if (isFolder) refuseForPictures(flags);
    const settings = {
      'data.dir': data,
      'data.set': isFolder ? 'images' : 'table',
      'data.target': target?.length === 1 ? target[0] : target,
      'data.testFile': test,
      'data.test': holdout,
      'data.columns': column,
    };
    const recipe = isFolder ? 'fit-images' : 'fit';
    const beginning = await beginTraining('fit', words, flags, line, null, settings, recipe);
    return beginning === null ? ExitCode.done : train({ ...beginning, seeds, printPlan: false }, line);
  },
};

/** What a table has and a folder has not. */
function refuseForPictures({ target, test, column }: Flags): void {
  const flag = target !== undefined ? '--target' : test !== undefined ? '--test' : null;
  const given = flag ?? (column === undefined ? null : '--column');
  if (given === null) return;
  const advice = given === '--test' ? 'train and test in it are the parts' : 'its folders are the classes';
  throw new UserError(`${given}: expected none for a folder of pictures: ${advice}`, ExitCode.usage);
}

function share(text: string): number {
  const value = Number(text);
  if (text !== '' && value > 0 && value < 1) return value;
  throw new UserError(`--holdout: ${expectedGot('a share above 0 and below 1', text)}`, ExitCode.usage);
}

/** A name may have an equals sign, a type has none. */
function typeOf(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const at = text.lastIndexOf('=');
  if (at < 1 || at === text.length - 1)
    throw new UserError(`--column: ${expectedGot('name=type, such as age=number', text)}`, ExitCode.usage);
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}
