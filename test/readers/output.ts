/** What a program prints. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** @throws with the end of its stderr if the program fails. */
export async function output(
  program: string,
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<string> {
  const run = promisify(execFile);
  const { stdout } = await run(program, [...words], {
    ...{ maxBuffer: 2 ** 26, timeout: 300_000 },
    env: { ...process.env, ...environment },
  });
  return stdout;
}
