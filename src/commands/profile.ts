/**
 * The `profile` command: trains like `train` with the phases of every rank stamped, and writes the analysis of the
 * stamps.
 */

import type { Config } from '../config/schema.js';
import { planFor, withSetup } from '../coordinator/setup.js';
import { withTrainer } from '../coordinator/trainer.js';
import { runLength } from '../plan/run-length.js';
import { type Collector, collectorOf } from '../profile/collector.js';
import { profilePlan } from '../profile/profile-plan.js';
import type { CommandContext } from '../run/command-context.js';
import { judgeSeeds, runSeeds } from '../run/seed-runs.js';
import { emptyRecord, finishTraining } from '../run/train-result.js';
import { withRun } from '../run/with-run.js';
import { ExitCode, expectedGot, UserError } from '../user-error.js';
import { WorkerFailure } from '../worker/session-errors.js';
import type { Command } from './command.js';
import { type Beginning, beginTraining, declareTraining, type TrainingFlags } from './training-options.js';

interface Flags extends TrainingFlags {
  readonly cpuProf: boolean;
}

export const command: Command<Flags> = {
  declare: (parser) =>
    declareTraining(parser).option(
      '--cpu-prof',
      'also record a V8 CPU profile of every thread; recording slows the run',
      false,
    ),
  async run(words, flags, line) {
    const beginning = await beginTraining('profile', words, flags, line);
    if (beginning === null) return ExitCode.done;
    return profile({ ...beginning, cpuProf: flags.cpuProf }, line);
  },
};

export interface ProfileOptions extends Beginning {
  /** Also record a V8 CPU profile of every thread; recording slows the run. */
  readonly cpuProf: boolean;
}

export async function profile(options: ProfileOptions, context: CommandContext): Promise<ExitCode> {
  const { resolved, place, cpuProf } = options;
  const { name, given } = resolved;
  const { signal, progress } = context;
  refuseUnstamped(resolved.config);
  const configured = performance.now();
  const { startCpuProfile } = cpuProf
    ? await import('../profile/cpu-profile.js')
    : { startCpuProfile: () => null };
  const stopCpuProfile = startCpuProfile();
  const note = (line: string) => progress.note(line);
  const { warn } = context.warnings;
  const opening = { config: resolved.config, given, cores: options.cores, signal, note, warn };
  return withSetup(opening, async (setup) => {
    const { config } = setup;
    const ready = performance.now();
    setup.phases.startup = context.startupMs;
    // The plan is checked before the folder is created: the profiled plan names files in the folder.
    let plan = planFor(setup);
    const record = emptyRecord(null);
    const { targets } = setup.data.parts[config.stop.on];
    let lost: unknown = null;
    let started: { readonly collector: Collector; readonly workers: number } | null = null;
    return withRun({ ...resolved, config }, place, context, {
      async body({ folder, log }) {
        plan = planFor(setup, setup.threads.count, profilePlan(cpuProf ? folder.path : null));
        log.event('plan', { plan, threads: setup.threads });
        await withTrainer(setup, plan, (trainer) => {
          started = { collector: collectorOf(trainer.session), workers: performance.now() };
          return runSeeds(trainer, { config, seeds: 1, folder, targets, log, record, context });
        }).catch((error: unknown) => {
          // After the training, a worker only writes its CPU profile: that costs no result.
          if (record.results.length === 0) throw error;
          lost = error;
        });
      },
      judge: () => judgeSeeds(record.results, config.stop.target, plan),
      async end(run, ended) {
        const cpuProfile = stopCpuProfile?.();
        const outcome = record.results[0]?.outcome ?? record.unfinished;
        const { stepsPerEpoch } = runLength(config, plan.parts.train.count);
        const node = performance.nodeTiming.bootstrapComplete;
        const marks = { node, command: context.startupMs, configured, ready };
        // The charts' library is loaded now, so that start-up matches that of `train`. A run that never began has no
        // profile.
        const { makeProfile } = await import('../profile/profile-run.js');
        const made =
          started === null || outcome === null
            ? null
            : await makeProfile({
                ...{ name, ended: ended.status, setup, plan, outcome, stepsPerEpoch },
                collector: started.collector,
                marks: { ...marks, workers: started.workers },
                warn: context.warnings.warn,
              });
        const what = { resolved, seeds: 1, setup, plan, record, context };
        await finishTraining({
          ...{ ...run, ...ended, ...what, profiled: made },
          files: { ...made?.files, ...(cpuProfile && { 'coordinator.cpuprofile': cpuProfile }) },
          others: [() => (lost === null ? Promise.resolve() : Promise.reject(causeOf(lost)))],
        });
      },
    });
  });
}

/** What a worker could not do, in its own words. */
const causeOf = (failure: unknown): unknown =>
  failure instanceof WorkerFailure && failure.cause instanceof Error
    ? new UserError(failure.cause.message, ExitCode.failure, { cause: failure })
    : failure;

/** Refuses workers that train apart or on selected rows: their backends do not stamp phases. */
function refuseUnstamped({ parallel, train }: Config): void {
  const refuse = (key: string, expected: string, received: unknown) => {
    throw new UserError(`${key}: profile: ${expectedGot(expected, received)}`, ExitCode.usage);
  };
  if (parallel.sync === 'hogwild' || parallel.sync === 'local-sgd')
    refuse('parallel.sync', 'average, sharded, owner or units', parallel.sync);
  if (train.selective.beta > 0) refuse('train.selective.beta', '0', train.selective.beta);
}
