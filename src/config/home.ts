/**
 * `~` at the start of a path is the home folder. A shell expands it only where a word begins with it: a program that is
 * given `--out=~/x` or `data.dir=~/x`, or reads it in a file, has to do it itself, or makes a folder called `~`.
 */
import { ExitCode, UserError } from '../user-error.js';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The path with its home folder in the place of `~`; any other path as it is. `./~` is a folder of that name.
 * `where`: what gave it, for refusals.
 * @throws UserError (usage) when no home folder is known, and for the home of another user (`~name`).
 */
export function expandHome(file: string, where?: string, environment: Environment = process.env): string {
  if (!file.startsWith('~')) return file;
  const given = `${where === undefined ? '' : `${where}: `}${JSON.stringify(file)}`;
  if (file.length > 1 && !/^~[\\/]/.test(file))
    throw new UserError(
      `${given}: expected ~ or ~/…, for the home folder of another user is not looked up; ./${file} is a name in the working folder`,
      ExitCode.usage,
    );
  const name = process.platform === 'win32' ? 'USERPROFILE' : 'HOME';
  const home = environment[name];
  if (!home)
    throw new UserError(
      `${given}: expected a home folder in the place of ~, but ${name} is not set`,
      ExitCode.usage,
    );
  return file.length === 1 ? home : `${home.replace(/[\\/]+$/, '')}${file.slice(1)}`;
}
