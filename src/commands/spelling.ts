/** Suggestions for words that a command does not accept: a setting written as a flag, a recipe without --config. */
import { locate } from '../config/config-file.js';
import { choiceSections, describeKeys } from '../config/keys.js';
import { nearest, nearestKeys } from '../config/nearest.js';

/** Names that other programs use, without dashes. */
const elsewhere: Readonly<Record<string, string>> = {
  batchsize: 'train.batch',
  bs: 'train.batch',
  data: 'data.dir',
  dataset: 'data.set',
  iterations: 'train.steps',
  jobs: 'parallel.threads',
  learningrate: 'optimizer.lr',
  loss: 'loss.name',
  maxsteps: 'train.steps',
  numworkers: 'parallel.threads',
  weights: 'model.init.file',
  workers: 'parallel.threads',
};

/** Flags of some commands, which are no settings in the others. */
const otherFlags = ['seeds', 'repeats'];

const folded = (text: string) => text.toLowerCase().replace(/[-_]/g, '');

interface Meant {
  /** `optimizer.lr=0.1`. */
  readonly settings: readonly string[];
  /** The name is that of a key, not only similar to it. */
  readonly exact: boolean;
}

/** The settings that a flag or a single word stands for: `--lr 0.1`, `--train.batch=256`, `train.batch 256`. */
export function settingsMeant(word: string, words: readonly string[]): Meant {
  const [name, ...rest] = word.replace(/^-+/, '').split('=');
  const next = words[words.indexOf(word) + 1];
  const isValue = next !== undefined && !/^--?[a-z]/i.test(next) && !next.includes('=');
  const value = rest.length > 0 ? rest.join('=') : isValue ? next : '…';
  const keys = [...new Set(describeKeys().map(({ key }) => key))];
  const sections = choiceSections().map(({ section }) => section);
  const same = (key: string) =>
    folded(key) === folded(name) || folded(key.slice(key.lastIndexOf('.') + 1)) === folded(name);
  const synonym = elsewhere[folded(name)];
  const found = sections.includes(name) ? [name] : synonym ? [synonym] : nearestKeys(name, keys);
  const exact = sections.includes(name) || synonym !== undefined || found.some(same);
  return { settings: found.map((key) => `${key}=${value}`), exact };
}

/** `; did you mean …?` for an unknown flag; `flag`: the nearest known one, or null. */
export function hintForFlag(word: string, words: readonly string[], flag: string | null): string {
  const { settings, exact } = otherFlags.includes(word.replace(/^-+|=.*/g, ''))
    ? { settings: [], exact: false }
    : settingsMeant(word, words);
  const meant = flag === null ? settings : exact ? [...settings, flag] : [flag];
  return meant.length === 0 ? '' : `; did you mean ${meant.join(' or ')}?`;
}

/** `; did you mean …?` for a word that is neither a setting nor a command; `command`: the given command, or null. */
export function hintForWord(
  word: string,
  words: readonly string[],
  commands: readonly string[],
  command: string | null,
): string {
  const mean = (text: string) => `; did you mean ${text}?`;
  if (word === 'help') return mean(`${command ?? ''} --help`.trim());
  if (/\.ya?ml$/i.test(word) || isRecipe(word)) return mean(`${command ?? 'train'} --config ${word}`);
  const close = nearest(word, commands);
  const { settings, exact } = settingsMeant(word, words);
  if (exact && command !== null) return mean(settings.join(' or '));
  return close === null ? '' : mean(close);
}

function isRecipe(word: string): boolean {
  try {
    locate(word, process.cwd());
    return true;
  } catch {
    return false;
  }
}
