/** Programs that the set-up starts: their output is kept, and shown only if they fail. */
import { spawn } from 'node:child_process';

export interface Ended {
  readonly ok: boolean;
  /** The last lines of its output, for the message of a failure. */
  readonly lastLines: string;
}

/** `signal` ends the program. A program that cannot be started has failed. */
export function run(
  program: string,
  words: readonly string[],
  folder: string,
  signal: AbortSignal,
): Promise<Ended> {
  return new Promise((resolve) => {
    let output = '';
    const child = spawn(program, words, {
      cwd: folder,
      env: outerEnvironment(),
      signal,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const keep = (text: Buffer) => {
      output = `${output}${text}`.slice(-4000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) => resolve({ ok: false, lastLines: error.message }));
    child.on('close', (code) =>
      resolve({ ok: code === 0, lastLines: output.trim().split('\n').slice(-6).join('\n') }),
    );
  });
}

/** Variables set by `npm run` would make an inner npm work on this package instead of its own folder. */
function outerEnvironment(): NodeJS.ProcessEnv {
  const ofThisPackage = /^(npm_package_|npm_lifecycle_|npm_command$|npm_config_local_prefix$|INIT_CWD$)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !ofThisPackage.test(name)));
}

/** npm: the one that runs this script, if any. */
export function npm(words: readonly string[], folder: string, signal: AbortSignal): Promise<Ended> {
  const { npm_execpath: npmFile } = process.env;
  return npmFile === undefined
    ? run('npm', words, folder, signal)
    : run(process.execPath, [npmFile, ...words], folder, signal);
}
