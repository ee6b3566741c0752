/** The entry of the command line, `node dist/coordinator`: dispatch, errors in one line, exit codes. */

import { listenForInterrupt } from '../coordinator/interruption.js';
import type { Raced } from '../fast-start/race.js';
import type { CommandContext } from '../run/command-context.js';
import { createProgress } from '../run/progress.js';
import { readVersions } from '../run/run-folder.js';
import { ExitCode, UserError } from '../user-error.js';
import { type ParsedCommand, parseCommandLine } from './cli.js';

const print = (text: string) => process.stdout.write(`${text}\n`);
const complain = (text: string) => process.stderr.write(`${text}\n`);

/** Whoever read our output has gone away (`| head`): the run goes on and leaves its folder all the same. */
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return;
    if (stream === process.stdout) complain(`error: cannot write to stdout: ${error.message}`);
    process.exit(ExitCode.failure);
  });
}

/** `raced`: the race that was run before this was loaded, or why it failed; null where none was asked for. */
export async function main(words: readonly string[], raced: Raced | Error | null): Promise<ExitCode> {
  const signal = listenForInterrupt();
  try {
    const parsed = parseCommandLine(words, readVersions().shardstep, print);
    return parsed === null ? ExitCode.done : await run(parsed, raced, signal);
  } catch (error) {
    if (signal.aborted) {
      complain('interrupted');
      return ExitCode.interrupted;
    }
    if (words.includes('--debug')) console.error(error);
    else complain(`error: ${error instanceof Error ? error.message : String(error)}`);
    if (error instanceof UserError) return error.exitCode;
    if (!words.includes('--debug')) complain('this is a bug in shardstep; --debug shows where');
    return ExitCode.failure;
  }
}

async function run(
  { command, flags, overrides }: ParsedCommand,
  raced: Raced | Error | null,
  signal: AbortSignal,
): Promise<ExitCode> {
  const context: CommandContext = {
    signal,
    progress: createProgress({ stream: process.stderr, quiet: flags.quiet ?? false }),
    json: flags.json,
    command: ['node dist/coordinator', ...process.argv.slice(2)].join(' '),
    startupMs: performance.now(),
    stdout: print,
    stderr: complain,
  };
  // Each command loads only what it needs: most of a short run is start-up.
  if (command === 'hardware') return (await import('./hardware.js')).hardware(context);
  if (command === 'check-log') return (await import('./check-log.js')).checkLog(overrides, context);
  if (command === 'report')
    return (await import('./report.js')).report({ paths: overrides, out: flags.out ?? null }, context);
  if (command === 'compare') {
    const [a, b] = overrides;
    return (await import('./compare.js')).compare({ a, b, force: flags.force ?? false }, context);
  }
  const { resolveConfig } = await import('../config/load.js');
  const { countCores } = await import('../machine/cores.js');
  const { parseThreadList } = await import('../config/thread-list.js');
  const cores = await countCores();
  if (command === 'study') {
    const { study } = await import('./study.js');
    noteSlowRuntime(context);
    const { config: file = 'quick', out = null, dryRun = false, only = null } = flags;
    return study({ file, cores, out, dryRun, only }, context);
  }
  if (command === 'race') {
    const level = environmentLevel(overrides);
    const resolved = await resolveConfig({ file: 'mnist-97', overrides: [], flags: { 'log.level': level } });
    noteSlowRuntime(context);
    const { finishRace } = await import('./race.js');
    const left = raced ?? new Error('these words were not taken for a race');
    return finishRace(
      { resolved, cores, raced: left, seeds: flags.seeds ?? 20, out: flags.out ?? null },
      context,
    );
  }
  if (command === 'lr-find') {
    const level = environmentLevel(overrides);
    const resolved = await resolveConfig({
      file: flags.config ?? 'mnist-97',
      overrides,
      flags: { 'log.level': level },
    });
    if (resolved.config.backend.name === 'tfjs-node')
      (await import('../backend/tfjs/library.js')).requirePackage();
    noteSlowRuntime(context);
    const { lrFind } = await import('./lr-find.js');
    const { from = 1e-4, to = 10, steps = 100, out = null } = flags;
    return lrFind({ resolved, cores, from, to, steps, out }, context);
  }
  const auto = flags.threads === 'auto' && command !== 'sweep';
  const threads = parseThreadList(auto ? 'physical' : (flags.threads ?? 'physical'), cores);
  if (command !== 'sweep' && threads.length > 1)
    throw new UserError(`--threads: ${command} takes one count; several are a sweep`, ExitCode.usage);
  if (command === 'sweep' && overrides.some((word) => word.startsWith('parallel.threads=')))
    throw new UserError('parallel.threads: a sweep takes its counts from --threads', ExitCode.usage);
  const resolved = await resolveConfig({
    file: flags.config ?? (command === 'sweep' ? 'sweep' : 'mnist-97'),
    overrides,
    flags: {
      'parallel.threads':
        command !== 'sweep' && flags.threads !== undefined ? (auto ? 'auto' : threads[0]) : undefined,
      'log.level': flags.logLevel ?? environmentLevel(overrides),
    },
  });
  if (flags.printConfig) {
    print((await import('../config/yaml-text.js')).toYaml(resolved.config).trimEnd());
    return ExitCode.done;
  }
  // Before workers start and files are read.
  if (resolved.config.backend.name === 'tfjs-node')
    (await import('../backend/tfjs/library.js')).requirePackage();
  noteSlowRuntime(context);
  const out = flags.out ?? null;
  if (command === 'sweep') {
    const { sweep } = await import('./sweep.js');
    return sweep({ resolved, cores, threads, repeats: flags.repeats ?? 5, out }, context);
  }
  if (command === 'profile') {
    const { profile } = await import('./profile.js');
    return profile({ resolved, cores, out, cpuProf: flags.cpuProf ?? false }, context);
  }
  const { train } = await import('./train.js');
  return train(
    { resolved, cores, seeds: flags.seeds ?? 1, out, printPlan: flags.printPlan ?? false },
    context,
  );
}

/** LOG_LEVEL stands above the file and below the command line. */
function environmentLevel(overrides: readonly string[]): string | undefined {
  return overrides.some((word) => word.startsWith('log.level='))
    ? undefined
    : process.env.LOG_LEVEL || undefined;
}

/** 256-bit kernels need a newer V8 than Node 20's. */
function noteSlowRuntime({ progress }: CommandContext): void {
  const [major] = process.versions.node.split('.').map(Number);
  if (major >= 22 || process.arch !== 'x64') return;
  progress.note(
    `Node ${process.versions.node} runs 128-bit kernels; \`npm start -- …\` uses the pinned Node, about three times as fast`,
  );
}
