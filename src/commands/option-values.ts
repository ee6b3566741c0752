/** Values of flags that several commands share. */
import { expandHome } from '../config/home.js';
import { ExitCode, expectedGot, UserError } from '../user-error.js';

export const outOption = '--out <folder>';
export const overwriteOption = [
  '--overwrite',
  'delete the files of the run that the folder of --out holds, and those only',
  false,
] as const;
export const quietOption = ['--quiet', 'no progress on stderr', false] as const;

/** @throws UserError (usage), like the other functions here. */
export function count(name: string) {
  return (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= 1 && value <= 100_000) return value;
    throw new UserError(`--${name}: ${expectedGot('an integer from 1 to 100000', text)}`, ExitCode.usage);
  };
}

export function rate(name: string) {
  return (text: string): number => {
    const value = Number(text);
    if (text !== '' && value > 0 && value <= 1e6) return value;
    throw new UserError(`--${name}: ${expectedGot('a number above 0 and up to 1e6', text)}`, ExitCode.usage);
  };
}

/** Milliseconds of a duration such as 500ms, 10s, 2m or 1h. */
export function duration(name: string) {
  return (text: string): number => {
    const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
    const value = Number(number) * ({ ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[unit] ?? 0);
    if (value >= 1000 && value <= 7 * 24 * 3_600_000) return value;
    const expected = 'a duration from 1s to 168h, such as 10s, 2m or 1h';
    throw new UserError(`--${name}: ${expectedGot(expected, text)}`, ExitCode.usage);
  };
}

export function folder(text: string): string {
  if (text !== '') return expandHome(text, '--out');
  throw new UserError(`--out: ${expectedGot('the path of a folder', text)}`, ExitCode.usage);
}

export function file(name: string) {
  return (text: string): string => {
    if (text !== '') return expandHome(text, `--${name}`);
    throw new UserError(`--${name}: ${expectedGot('the path of a file', text)}`, ExitCode.usage);
  };
}
