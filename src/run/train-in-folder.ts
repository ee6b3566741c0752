/** A training with a run folder, new or resumed, of the command line and of the library: its records, checkpoints and end. */
import type { ResolvedConfig } from '../config/load.js';
import type { Setup } from '../coordinator/setup.js';
import type { RunObserver } from '../coordinator/training-run.js';
import type { Plan } from '../plan/plan.js';
import type { CommandContext } from './command-context.js';
import type { RunPlace } from './folder-claim.js';
import { factsOf } from './resume.js';
import { judgeSeeds, trainSeeds } from './seed-runs.js';
import { beginRecords, finishTraining, type Kept, type TrainingEnding } from './train-result.js';
import { type EarlyRecords, type OpenRun, type RunScript, withRun } from './with-run.js';

export interface FolderTraining extends Pick<RunScript, 'resumesAfter'> {
  readonly setup: Setup;
  readonly plan: Plan;
  readonly resolved: ResolvedConfig;
  readonly seeds: number;
  readonly record: Kept;
  readonly context: CommandContext;
  readonly watch?: Partial<RunObserver>;
  readonly before?: Before;
  readonly after?: After;
}

/** Work of a command in the folder of its run, before the training; its results are written with those of the run. */
export interface Before {
  /** Returns what takes the place of the run's own setup, whose results are in the record then; null: it is trained. */
  run(run: OpenRun, record: Kept): Promise<Trained | null>;
  /** As far as the work has got. */
  results(): Pick<TrainingEnding, 'files' | 'keys' | 'lines'>;
}

/** Work of a command on the model of the run, whose results are written with those of the run. */
export interface After {
  /** Not if the training has left no model, or was interrupted. */
  run(trained: Trained, record: Kept): Promise<void>;
  results(): Pick<TrainingEnding, 'files' | 'keys' | 'pages' | 'cardLines'>;
}

export type Trained = Pick<FolderTraining, 'setup' | 'plan'>;

/** @throws as withRun does. */
export function trainInFolder(training: FolderTraining, place: RunPlace, early: EarlyRecords | null = null) {
  const { seeds, record, context, watch, resumesAfter, before, after } = training;
  let { setup, plan } = training;
  const { config } = setup;
  const { resumed = null } = place;
  const name = resumed?.facts.name ?? training.resolved.name;
  const resolved = { ...training.resolved, name };
  const script: RunScript = {
    async body(run) {
      const { folder, log, rows, facts } = run;
      const trained = (await before?.run(run, record)) ?? null;
      if (trained !== null) ({ setup, plan } = trained);
      beginRecords(resumed, rows, { setup, plan, log, record });
      if (trained === null) {
        // Several runs have no common state.
        const checkpoints = seeds > 1 ? null : { facts: factsOf(name, setup, plan, facts), resumed };
        await trainSeeds(setup, plan, { seeds, folder, log, record, context, checkpoints, watch });
      }
      if (record.tensors !== null && !context.signal.aborted) await after?.run({ setup, plan }, record);
    },
    ...(resumesAfter === undefined ? {} : { resumesAfter }),
    judge: () => judgeSeeds(record.results, config.stop.target, plan),
    end(run, ended) {
      const [early, late] = [before?.results(), after?.results()];
      return finishTraining({
        ...{ ...run, ...ended, resolved, seeds, setup, plan, record, context },
        ...{ ...early, ...late },
        files: { ...early?.files, ...late?.files },
        keys: { ...early?.keys, ...late?.keys },
      });
    },
  };
  return withRun({ ...resolved, config }, place, context, script, early);
}
