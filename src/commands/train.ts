/** The `train` command: one run, or one for each of several seeds, and its run folder. */

import type { ResolvedConfig } from '../config/load.js';
import { planFor, type Setup, withSetup } from '../coordinator/setup.js';
import type { CommandContext } from '../run/command-context.js';
import { openResumed, refuseOtherRun } from '../run/resume.js';
import { type After, type Before, trainInFolder } from '../run/train-in-folder.js';
import { emptyRecord } from '../run/train-result.js';
import { type EarlyRecords, earlyRecords } from '../run/with-run.js';
import { ExitCode, UserError } from '../user-error.js';
import type { Command } from './command.js';
import { count, file } from './option-values.js';
import { type Beginning, beginTraining, declareTraining, type TrainingFlags } from './training-options.js';

interface Flags extends TrainingFlags {
  readonly resume?: string;
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
      .option(
        '--resume <folder>',
        'go on with the run in this folder from its last checkpoint, to the same weights',
        file('resume'),
      )
      .option('--print-plan', 'print the plan of the run (sizes, offsets, slices) as JSON, then stop', false),
  async run(words, flags, line) {
    const { seeds, printPlan } = flags;
    refuseBesideResume(flags);
    const resumed = flags.resume === undefined ? null : openResumed(flags.resume, line.warnings.warn);
    try {
      const beginning = await beginTraining('train', words, flags, line, resumed);
      if (beginning === null) return ExitCode.done;
      return await train({ ...beginning, seeds, printPlan }, line);
    } finally {
      resumed?.lock.release();
    }
  },
};

/** The folder of a resumed run is its own, and it has one seed. */
function refuseBesideResume({ resume, out, overwrite, seeds }: Flags): void {
  if (resume === undefined) return;
  const flag = out !== undefined ? '--out' : overwrite ? '--overwrite' : seeds > 1 ? '--seeds' : null;
  if (flag !== null)
    throw new UserError(
      `--resume: expected no ${flag} beside it: a run goes on in its own folder`,
      ExitCode.usage,
    );
}

/** Several runs have no common state. */
function refuseSeveral({ config, given }: ResolvedConfig, seeds: number): void {
  if (seeds > 1 && config.model.members > 1)
    throw UserError.refusal(
      'model.members',
      '1 with --seeds: these are runs of one network',
      config.model.members,
    );
  if (seeds > 1 && given.has('checkpoint.every') && config.checkpoint.every !== 'off')
    throw UserError.refusal(
      'checkpoint.every',
      'off with --seeds: checkpoints are of one run',
      config.checkpoint.every,
    );
}

export interface TrainOptions extends Beginning {
  readonly seeds: number;
  readonly printPlan: boolean;
  /** Of a command that does more than train. @throws UserError before anything is written. */
  readonly before?: (setup: Setup) => Before;
  /** `notes`: what has been said of the data. Null: nothing is done. */
  readonly after?: (setup: Setup, notes: readonly string[]) => After | null;
}

export function train(options: TrainOptions, context: CommandContext): Promise<ExitCode> {
  const { resolved, cores, seeds, place } = options;
  refuseSeveral(resolved, seeds);
  const { resumed = null } = place;
  const { given } = resolved;
  const { signal, progress } = context;
  const notes: string[] = [];
  const note = (line: string) => {
    notes.push(line);
    progress.note(line);
  };
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
    packsOnce: true,
  };
  return withSetup(about, async (setup) => {
    const plan = planFor(setup);
    if (resumed !== null) refuseOtherRun(resumed, setup, plan, warn);
    if (options.printPlan) {
      context.stdout(JSON.stringify(plan, null, 2));
      return ExitCode.done;
    }
    setup.phases.startup = context.startupMs;
    const record = emptyRecord(null);
    const resumesAfter = () => record.checkpointStep;
    const before = options.before === undefined ? {} : { before: options.before(setup) };
    const work = options.after?.(setup, [...notes]) ?? null;
    const after = work === null ? {} : { after: work };
    const training = {
      ...{ setup, plan, resolved, seeds, record, context, resumesAfter },
      ...before,
      ...after,
    };
    return trainInFolder(training, place, early);
  });
}
