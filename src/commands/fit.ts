/**
 * The `fit` command: a table and its target are all that it needs, or a folder of pictures for each class; the recipes are
 * configs/fit.yaml and configs/fit-images.yaml.
 */
import { statSync } from 'node:fs';
import type { Command as Parser } from 'commander';
import type { Setup } from '../coordinator/setup.js';
import type { CommandContext } from '../run/command-context.js';
import { ExitCode, expectedGot, UserError } from '../user-error.js';
import type { Command } from './command.js';
import { count, duration, file } from './option-values.js';
import { train } from './train.js';
import { beginTraining, declareRun, type TrainingFlags } from './training-options.js';

interface Flags extends TrainingFlags {
  readonly target?: readonly string[];
  readonly test?: string;
  readonly holdout?: number;
  readonly column?: Readonly<Record<string, string>>;
  readonly seeds: number;
  readonly folds?: number;
  readonly average?: number;
  /** Milliseconds. */
  readonly budget?: number;
  readonly report: boolean;
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
      .option(
        '--folds <k>',
        'measure each of k parts of the rows by a model of the others, before the model of all rows is trained',
        foldCount,
      )
      .option('--seeds <n>', 'train with seeds 1, 2, …; print mean, SD, min', count('seeds'), 1)
      .option(
        '--average <n>',
        'train n networks with seeds 1, 2, …; the model averages their predictions',
        count('average'),
      )
      .option(
        '--budget <duration>',
        'search for better settings on validation rows until so long after the start, such as 10s or 2m; print the leaderboard',
        duration('budget'),
      )
      .option(
        '--no-report',
        'without fit-report.html and its tables, for which the model is measured some hundred times on up to 10,000 rows',
      )
      .option(
        '--config <file>',
        'another recipe (default: configs/fit.yaml, for pictures configs/fit-images.yaml)',
      )
      .option('--threads <count>', 'a count, physical (default), logical or auto'),
  );

export const command: Command<Flags> = {
  declare,
  async run([data, ...words], flags, line) {
    const { target, test, holdout, column, seeds, folds, average, budget } = flags;
    const isFolder = statSync(data, { throwIfNoEntry: false })?.isDirectory() === true;
    if (isFolder) refuseForPictures(flags);
    refuseTogether(flags, words);
    const settings = {
      'data.dir': data,
      'data.set': isFolder ? 'images' : 'table',
      'data.target': target?.length === 1 ? target[0] : target,
      'data.testFile': test,
      // The rows that measure are those of the folds.
      'data.test': folds !== undefined && test === undefined ? 0 : holdout,
      'data.columns': column,
      'model.members': average,
    };
    const recipe = isFolder ? 'fit-images' : 'fit';
    const beginning = await beginTraining('fit', words, flags, line, null, settings, recipe);
    if (beginning === null) return ExitCode.done;
    const trained = { ...beginning, seeds, printPlan: false };
    const options = isFolder || !flags.report ? trained : { ...trained, after: await explaining(line) };
    if (budget !== undefined) {
      const { budgetSearch } = await import('../search/budget.js');
      const isFixed = (key: string) =>
        words.some((word) => key === word.split('=')[0] || key.startsWith(`${word.split('=')[0]}.`));
      return train({ ...options, before: (setup) => budgetSearch(setup, budget, isFixed, line) }, line);
    }
    if (folds === undefined) return train(options, line);
    const { crossValidation } = await import('../search/cross-validation.js');
    return train({ ...options, before: (setup) => crossValidation(setup, folds, line) }, line);
  },
};

/** Loaded while the table is not yet read. */
async function explaining(line: CommandContext) {
  const { explanation } = await import('../explain/explanation.js');
  return (setup: Setup, notes: readonly string[]) => explanation(setup, notes, line);
}

const ofTables = 'it is for tables';
const pictureAdvice: ReadonlyMap<string, string> = new Map([
  ['--test', 'train and test in it are the parts'],
  ['--folds', ofTables],
  ['--budget', ofTables],
]);

/** What a table has and a folder has not. */
function refuseForPictures(flags: Flags): void {
  const own = {
    target: '--target',
    test: '--test',
    column: '--column',
    folds: '--folds',
    budget: '--budget',
  };
  const given = Object.entries(own).find(([name]) => flags[name as keyof typeof own] !== undefined)?.[1];
  if (given === undefined) return;
  const advice = pictureAdvice.get(given) ?? 'its folders are the classes';
  throw new UserError(`${given}: expected none for a folder of pictures: ${advice}`, ExitCode.usage);
}

/** @throws UserError (usage) */
function refuseTogether({ folds, holdout, seeds, average, budget }: Flags, words: readonly string[]): void {
  const refuse = (flag: string, beside: string, reason: string) => {
    throw new UserError(`${flag}: expected no ${beside} beside it: ${reason}`, ExitCode.usage);
  };
  const isSet = (key: string) => words.some((word) => word.startsWith(`${key}=`));
  if (average !== undefined && seeds > 1)
    refuse('--average', '--seeds', 'these are models of one network each');
  for (const [flag, isGiven] of Object.entries({
    ...{ '--average': average !== undefined, '--folds': folds !== undefined, '--seeds': seeds > 1 },
    'model.members': isSet('model.members'),
  }))
    if (budget !== undefined && isGiven)
      refuse(
        '--budget',
        flag,
        'the search is for one network; config.yaml of its folder has the settings found',
      );
  if (folds === undefined) return;
  const reason = 'the rows that measure are those of the folds';
  if (holdout !== undefined) refuse('--folds', '--holdout', reason);
  if (isSet('data.test')) refuse('--folds', 'data.test', reason);
  if (seeds > 1) refuse('--folds', '--seeds', 'one model of all rows is trained after the folds');
}

function foldCount(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 2 && value <= 1000) return value;
  throw new UserError(`--folds: ${expectedGot('an integer from 2 to 1000', text)}`, ExitCode.usage);
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
