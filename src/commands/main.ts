/**
 * The entry of the command line, `node dist/coordinator`: dispatches commands, prints errors in one line, sets exit
 * codes.
 */

import { codeOf, listenForInterrupt } from '../coordinator/interruption.js';
import type { Raced } from '../fast-start/race.js';
import { systemFailure } from '../file-failure.js';
import { fewerPoolThreads, limitBehind } from '../memory/address-space.js';
import { createProgress } from '../run/progress.js';
import { readVersions } from '../run/run-folder.js';
import { Warnings } from '../run/warnings.js';
import { ExitCode, UserError } from '../user-error.js';
import { WorkerFailure } from '../worker/session-errors.js';
import { parseCommandLine } from './cli.js';

const print = (text: string) => process.stdout.write(`${text}\n`);
const complain = (text: string) => process.stderr.write(`${text}\n`);

/**
 * A program that reads our output may end (`| head`), or a terminal may be closed. The run continues, or ends as requested;
 * in both cases its folder is complete.
 */
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || error.code === 'EIO') return;
    if (stream === process.stdout) complain(`error: cannot write to stdout: ${error.message}`);
    process.exit(ExitCode.failure);
  });
}

/**
 * `raced`: the race that ran before this module was loaded, or the reason for its failure; null if the command line
 * selects no race.
 */
export async function main(words: readonly string[], raced: Raced | Error | null): Promise<ExitCode> {
  fewerPoolThreads(process.env);
  const signal = listenForInterrupt();
  try {
    const parsed = await parseCommandLine(words, readVersions().shardstep, print);
    if (parsed === null) return ExitCode.done;
    const { json, quiet = false } = parsed.flags;
    const progress = createProgress({ stream: process.stderr, quiet });
    return await parsed.run({
      signal,
      progress,
      warnings: new Warnings((line) => progress.warn(line)),
      json,
      command: ['node dist/coordinator', ...process.argv.slice(2)].join(' '),
      startupMs: performance.now(),
      stdout: print,
      stderr: complain,
      raced,
    });
  } catch (thrown) {
    const error = systemFailure(thrown) ?? thrown;
    if (signal.aborted) {
      complain('interrupted');
      return codeOf(signal);
    }
    if (words.includes('--debug')) console.error(thrown);
    else complain(`error: ${error instanceof Error ? error.message : String(error)}`);
    if (error instanceof UserError) return error.exitCode;
    const limit = limitBehind(error);
    if (limit !== null) {
      complain(`the address space is limited: ${limit}`);
      return ExitCode.failure;
    }
    const isBug = !(error instanceof WorkerFailure && error.isGone);
    if (isBug && !words.includes('--debug')) complain('this is a bug in shardstep; --debug shows where');
    return ExitCode.failure;
  }
}
