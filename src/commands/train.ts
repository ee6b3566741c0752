/** The `train` command: one run, or one for each of several seeds, and its run folder. */

import { planFor, withSetup } from '../coordinator/setup.js';
import { withTrainer } from '../coordinator/trainer.js';
import type { CommandContext } from '../run/command-context.js';
import { judgeSeeds, runSeeds } from '../run/seed-runs.js';
import { emptyRecord, finishTraining } from '../run/train-result.js';
import { type EarlyRecords, earlyRecords, type RunScript, withRun } from '../run/with-run.js';
import { ExitCode } from '../user-error.js';
import type { Command } from './command.js';
import { count } from './option-values.js';
import { type Beginning, beginTraining, declareTraining, type TrainingFlags } from './training-options.js';

interface Flags extends TrainingFlags {
  readonly seeds: number;
  readonly printPlan: boolean;
}

export const command: Command<Flags> = {
  declare: (parser) =>
    declareTraining(parser)
      .option(
        '--seeds <n>',
        'train with seeds seed, seed + 1, …; print mean, SD, min, share',
        count('seeds'),
        1,
      )
      .option('--print-plan', 'print the plan of the run (sizes, offsets, slices) as JSON, then stop', false),
  async run(words, flags, line) {
    const beginning = await beginTraining('train', words, flags, line);
    if (beginning === null) return ExitCode.done;
    const { seeds, printPlan } = flags;
    return train({ ...beginning, seeds, printPlan }, line);
  },
};

export interface TrainOptions extends Beginning {
  readonly seeds: number;
  readonly printPlan: boolean;
}

export function train(options: TrainOptions, context: CommandContext): Promise<ExitCode> {
  const { resolved, cores, seeds, place } = options;
  const { given } = resolved;
  const { signal, progress } = context;
  const note = (line: string) => progress.note(line);
  const { warn } = context.warnings;
  let early: EarlyRecords | null = null;
  const meanwhile = () => {
    if (!options.printPlan) early = earlyRecords(resolved, context.command);
  };
  const about = {
    config: resolved.config,
    given,
    cores,
    signal,
    note,
    warn,
    meanwhile,
  };
  return withSetup(about, async (setup) => {
    const { config } = setup;
    const plan = planFor(setup);
    if (options.printPlan) {
      context.stdout(JSON.stringify(plan, null, 2));
      return ExitCode.done;
    }
    setup.phases.startup = context.startupMs;
    const record = emptyRecord(null);
    const { targets } = setup.data.parts[config.stop.on];
    const script: RunScript = {
      async body({ folder, log }) {
        log.event('plan', { plan, threads: setup.threads });
        await withTrainer(setup, plan, (trainer) =>
          runSeeds(trainer, { config, seeds, folder, targets, log, record, context }),
        );
      },
      judge: () => judgeSeeds(record.results, config.stop.target),
      end: (run, ended) =>
        finishTraining({ ...run, ...ended, resolved, seeds, setup, plan, record, context }),
    };
    return withRun({ ...resolved, config }, place, context, script, early);
  });
}
