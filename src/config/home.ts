/**
 * `~` at the start of a path is the home folder. A shell expands it only at the start of a word. So a program has to
 * expand it in `--out=~/x`, in `data.dir=~/x` and in files; otherwise it makes a folder called `~`.
 */
import { ExitCode, quoted, shortened, UserError } from '../user-error.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** No file has a name that is empty or holds a zero byte; Node throws a TypeError for it. */
export const isPath = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && !value.includes('\0');

/**
 * Replaces `~` with the home folder, and returns any other path unchanged. `./~` is a folder of that name.
 * `where`: the source of the path, for refusals.
 * @throws UserError (usage) if no home folder is known, and for the home folder of another user (`~name`).
 */
export function expandHome(
  file: string,
  where?: string,
  environment: Environment = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  if (!file.startsWith('~')) return file;
  const given = `${where === undefined ? '' : `${where}: `}${quoted(file)}`;
  if (file.length > 1 && !/^~[\\/]/.test(file))
    throw new UserError(
      `${given}: expected ~ or ~/…, because the home folder of another user is not looked up; ./${shortened(file, 80)} is a name in the working folder`,
      ExitCode.usage,
    );
  const name = platform === 'win32' ? 'USERPROFILE' : 'HOME';
  const home = environment[name];
  if (!home)
    throw new UserError(
      `${given}: expected a home folder in the place of ~, but ${name} is not set`,
      ExitCode.usage,
    );
  return file.length === 1 ? home : `${home.replace(/[\\/]+$/, '')}${file.slice(1)}`;
}
