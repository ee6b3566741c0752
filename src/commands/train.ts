/** The `train` command: one run, or one for each of several seeds, and the run folder they leave. */
import type { ResolvedConfig } from '../config/load.js';
import { planFor, withSetup } from '../coordinator/setup.js';
import { withTrainer } from '../coordinator/trainer.js';
import type { CoreCount } from '../machine/cores.js';
import type { CommandContext } from '../run/command-context.js';
import { judgeSeeds, runSeeds } from '../run/seed-runs.js';
import { emptyRecord, finishTraining } from '../run/train-result.js';
import { withRun } from '../run/with-run.js';
import { ExitCode } from '../user-error.js';

export interface TrainOptions {
  readonly resolved: ResolvedConfig;
  readonly cores: CoreCount;
  readonly seeds: number;
  readonly out: string | null;
  readonly printPlan: boolean;
}

export function train(options: TrainOptions, context: CommandContext): Promise<ExitCode> {
  const { resolved, cores, seeds, out } = options;
  const { config } = resolved;
  const { signal, progress } = context;
  const note = (line: string) => progress.note(line);
  return withSetup({ config, cores, signal, note }, async (setup) => {
    const plan = planFor(setup);
    if (options.printPlan) {
      context.stdout(JSON.stringify(plan, null, 2));
      return ExitCode.done;
    }
    setup.phases.startup = context.startupMs;
    const record = emptyRecord(null);
    return withRun(resolved, out, context, {
      async body({ log }) {
        log.event('plan', { plan, threads: setup.threads });
        await withTrainer(setup, plan, (trainer) =>
          runSeeds(trainer, { config, seeds, log, record, context }),
        );
      },
      judge: () => judgeSeeds(record.results, config.stop.target),
      end: (run, ended) =>
        finishTraining({ ...run, ...ended, resolved, seeds, setup, plan, record, context }),
    });
  });
}
