/** The `train` command: one run, or one for each of several seeds, and the run folder they leave. */
import type { ResolvedConfig } from '../config/load.js';
import { readInitialTensors } from '../coordinator/initial-tensors.js';
import { planFor, setUp, withPool, withSession } from '../coordinator/setup.js';
import type { CoreCount } from '../machine/cores.js';
import { chooseThreads, usualImages, usualPixels } from '../plan/threads.js';
import type { CommandContext } from '../run/command-context.js';
import { recordFailure } from '../run/recorder.js';
import { beginRun } from '../run/run-beginning.js';
import { exitCodeOf, overallStatus, runSeeds } from '../run/seed-runs.js';
import { emptyRecord, finishTraining } from '../run/train-result.js';
import { ExitCode } from '../user-error.js';

export interface TrainOptions {
  readonly resolved: ResolvedConfig;
  readonly cores: CoreCount;
  readonly seeds: number;
  readonly out: string | null;
  readonly printPlan: boolean;
}

export async function train(options: TrainOptions, context: CommandContext): Promise<ExitCode> {
  const { resolved, out } = options;
  const { config } = resolved;
  const { signal, progress } = context;
  const initialTensors = readInitialTensors(config);
  const choice = chooseThreads(config, options.cores, usualImages, usualPixels);
  const threads = choice.count;
  // Workers take longest to start, so they start first; the plan reaches them with their task.
  return withPool(threads, async (pool) => {
    const setup = await setUp(config, options.cores, signal, progress, initialTensors);
    const plan = planFor(setup, threads);
    if (options.printPlan) {
      context.stdout(JSON.stringify(plan, null, 2));
      return ExitCode.done;
    }
    setup.phases.startup = context.startupMs;
    const { folder, log, description } = await beginRun(resolved, out, context);
    log.event('plan', { plan, threads: choice });
    const record = emptyRecord(null);
    let failure: unknown = null;
    try {
      await withSession(setup, plan, pool, signal, (session) =>
        runSeeds(session, { config, seeds: options.seeds, initialTensors, log, record, context }),
      );
    } catch (error) {
      failure = error;
      recordFailure(log, error);
    }
    progress.finish();
    const status = overallStatus(record.results, config.stop.target, failure, signal.aborted);
    const exitCode = exitCodeOf(status, failure);
    await finishTraining({
      resolved,
      seeds: options.seeds,
      setup,
      plan,
      folder,
      log,
      description,
      record,
      status,
      exitCode,
      failure,
      context,
    });
    if (failure !== null && !signal.aborted) throw failure;
    return exitCode;
  });
}
