/** The `profile` command: trains as `train` does, with every rank's phases stamped, and leaves what they come to. */
import path from 'node:path';
import type { ResolvedConfig } from '../config/load.js';
import type { Config } from '../config/schema.js';
import { readInitialTensors } from '../coordinator/initial-tensors.js';
import { planFor, setUp, withPool, withSession } from '../coordinator/setup.js';
import type { CoreCount } from '../machine/cores.js';
import { runLength } from '../plan/run-length.js';
import { chooseThreads, usualImages, usualPixels } from '../plan/threads.js';
import { type Collector, collectorOf } from '../profile/collector.js';
import { profilePlan } from '../profile/profile-plan.js';
import type { CommandContext } from '../run/command-context.js';
import { recordFailure } from '../run/recorder.js';
import { beginRun } from '../run/run-beginning.js';
import { exitCodeOf, overallStatus, runSeeds } from '../run/seed-runs.js';
import { emptyRecord, finishTraining } from '../run/train-result.js';
import { ExitCode, expectedGot, UserError } from '../user-error.js';

export interface ProfileOptions {
  readonly resolved: ResolvedConfig;
  readonly cores: CoreCount;
  readonly out: string | null;
  /** A V8 CPU profile of every thread too; it slows what it watches. */
  readonly cpuProf: boolean;
}

export async function profile(options: ProfileOptions, context: CommandContext): Promise<ExitCode> {
  const { resolved, out, cpuProf } = options;
  const { config, name } = resolved;
  const { signal, progress } = context;
  refuseUnstamped(config);
  const configured = performance.now();
  const { startCpuProfile } = cpuProf
    ? await import('../profile/cpu-profile.js')
    : { startCpuProfile: () => null };
  const stopCpuProfile = startCpuProfile();
  const initialTensors = readInitialTensors(config);
  const choice = chooseThreads(config, options.cores, usualImages, usualPixels);
  return withPool(choice.count, async (pool) => {
    const setup = await setUp(config, options.cores, signal, progress);
    const ready = performance.now();
    setup.phases.startup = context.startupMs;
    const { folder, log, description } = await beginRun(resolved, out, context);
    const plan = planFor(setup, choice.count, profilePlan(cpuProf ? folder.path : null));
    log.event('plan', { plan, threads: choice });
    const record = emptyRecord(null);
    let collector: Collector | null = null;
    let workers = Number.NaN;
    let failure: unknown = null;
    try {
      await withSession(setup, plan, pool, signal, (session) => {
        workers = performance.now();
        collector = collectorOf(session);
        return runSeeds(session, { config, seeds: 1, initialTensors, log, record, context });
      });
    } catch (error) {
      failure = error;
      recordFailure(log, error);
    }
    stopCpuProfile?.(path.join(folder.path, 'coordinator.cpuprofile'));
    progress.finish();
    const status = overallStatus(record.results, config.stop.target, failure, signal.aborted);
    const exitCode = exitCodeOf(status, failure);
    const outcome = record.results[0]?.outcome ?? record.unfinished;
    const { stepsPerEpoch } = runLength(config, plan.parts.train.count);
    const node = performance.nodeTiming.bootstrapComplete;
    const marks = { node, command: context.startupMs, configured, ready, workers };
    // Drawing charts is loaded now, so that start-up is that of `train`. Of a run that never began there is nothing to tell.
    const { writeProfile } = await import('../profile/profile-run.js');
    const profiled =
      collector === null || outcome === null
        ? null
        : writeProfile({ name, ended: status, setup, plan, collector, outcome, stepsPerEpoch, marks });
    const beginning = { setup, folder, log, description };
    const ended = { status, exitCode, failure };
    await finishTraining({ resolved, seeds: 1, plan, record, context, ...beginning, ...ended, profiled });
    if (failure !== null && !signal.aborted) throw failure;
    return exitCode;
  });
}

/** Workers that train apart, or on chosen rows, compute by backends of their own, whose phases nobody stamps. */
function refuseUnstamped({ parallel, train }: Config): void {
  const refuse = (key: string, expected: string, received: unknown) => {
    throw new UserError(`${key}: profile: ${expectedGot(expected, received)}`, ExitCode.usage);
  };
  if (parallel.sync === 'hogwild' || parallel.sync === 'local-sgd')
    refuse('parallel.sync', 'average, sharded or owner', parallel.sync);
  if (train.selective.beta > 0) refuse('train.selective.beta', '0', train.selective.beta);
}
