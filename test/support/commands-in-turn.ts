/**
 * Many command lines in one process, one after the other, as `main` runs them: a process for each takes ten times as
 * long. The process is this file; the tests ask it over IPC.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { after } from 'node:test';
import type { CliResult } from './cli.ts';

interface Line {
  readonly words: readonly string[];
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
}

let child: ChildProcess | null = null;
let last: Promise<unknown> = Promise.resolve();

/** As `cli`, in a process that has run other commands. */
export function cliInTurn(words: readonly string[], cwd: string, environment = {}): Promise<CliResult> {
  const result = last.then(() => ask({ words, cwd, environment }));
  last = result.catch(() => {});
  return result;
}

async function ask(line: Line): Promise<CliResult> {
  const { SHARDSTEP_DATA: _, LOG_LEVEL: __, FORCE_COLOR: ___, ...env } = process.env;
  child ??= fork(import.meta.filename, { env, execArgv: [] });
  const ended = new AbortController();
  const exited = () => ended.abort(new Error(`the process ended during ${line.words.join(' ')}`));
  child.once('exit', exited);
  child.send(line);
  const [result] = await once(child, 'message', { signal: ended.signal });
  child.off('exit', exited);
  return result as CliResult;
}

async function answer({ words, cwd, environment }: Line): Promise<CliResult> {
  const { main } = await import('../../dist/commands/main.js');
  const before = { ...process.env };
  process.chdir(cwd);
  Object.assign(process.env, environment);
  const written = { stdout: '', stderr: '' };
  const restore = (['stdout', 'stderr'] as const).map((name) => {
    const { write } = process[name];
    process[name].write = (text: string | Uint8Array) => {
      written[name] += String(text);
      return true;
    };
    return () => {
      process[name].write = write;
    };
  });
  try {
    return { code: await main(words, null), signal: null, ...written };
  } finally {
    for (const each of restore) each();
    for (const name of Object.keys(environment)) delete process.env[name];
    Object.assign(process.env, before);
  }
}

if (process.argv[1] === import.meta.filename) {
  // Each command adds its own listeners for SIGINT.
  process.setMaxListeners(0);
  process.on('message', async (line: Line) => process.send?.(await answer(line)));
} else after(() => child?.kill('SIGKILL'));
