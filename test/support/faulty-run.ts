/** A training whose workers have one fault: see faulty-rank.ts. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { OwnResources } from '../../dist/coordinator/resources.js';
import { openSetup, planFor } from '../../dist/coordinator/setup.js';
import { Trainer } from '../../dist/coordinator/trainer.js';
import type { Position, RunObserver, RunOutcome } from '../../dist/coordinator/training-run.js';
import type { Tensor } from '../../dist/model/safetensors.js';
import { openPool, type WorkerPool } from '../../dist/worker/pool.js';
import type { WorkerFailure } from '../../dist/worker/session-errors.js';
import { temporaryFolder } from './data-files.ts';
import { configure, someMnist } from './training.ts';

export interface Fault {
  readonly kind: string;
  readonly rank: number;
  /** The step, from 1. */
  readonly step: number;
}

export interface FaultyRun {
  /** Null if it failed. */
  readonly outcome: RunOutcome | null;
  readonly error: unknown;
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** Numbers and losses of the steps, evaluated steps, and epochs, as they were reported. */
  readonly steps: readonly (readonly [number, number])[];
  readonly evaluations: readonly (readonly [number, number])[];
  readonly epochs: readonly number[];
  readonly lost: readonly {
    readonly from: Position;
    readonly failure: WorkerFailure;
  }[];
  /** Threads of the run that are still there after it. */
  readonly left: number;
}

class FaultyResources extends OwnResources {
  override borrow(threads: number): WorkerPool {
    return openPool(threads, new URL('./faulty-rank.ts', import.meta.url));
  }

  override giveBack(pool: WorkerPool): Promise<void> {
    return pool.close();
  }
}

const never = new AbortController().signal;
const ignore = () => {};
/** Data and kernels are shared, workers are not. */
const resources = new FaultyResources(never, ignore, ignore, true);

/** `observer`: sees what the record sees. A fault of kind `terminate` sleeps until the thread is terminated from outside. */
export async function runWithFault(
  t: TestContext,
  words: readonly string[],
  threads: number,
  fault: Fault | null,
  observer: Partial<RunObserver> = {},
  signal = never,
): Promise<FaultyRun> {
  const workers: Worker[] = [];
  const onWorker = (worker: Worker) => workers.push(worker);
  const mark = join(await temporaryFolder(t), 'fault');
  const terminates = fault?.kind === 'terminate';
  process.env.SHARDSTEP_TEST_FAULT =
    fault === null
      ? 'none -1 -1 none'
      : `${terminates ? 'sleep' : fault.kind} ${fault.rank} ${fault.step} ${mark}`;
  process.on('worker', onWorker);
  const config = await configure(...words);
  const dataset = await someMnist(Math.max(1280, config.data.take ?? 0), 500);
  const setup = await openSetup({
    ...{ config, signal, note: ignore, warn: ignore, startsWorkers: false, dataset },
    cores: { physical: 2, logical: 2, available: 2 },
    resources,
  });
  const trainer = await Trainer.open(setup, planFor(setup, threads));
  const steps: [number, number][] = [];
  const evaluations: [number, number][] = [];
  const epochs: number[] = [];
  const lost: FaultyRun['lost'][number][] = [];
  let outcome: RunOutcome | null = null;
  let error: unknown = null;
  let isOver = false;
  const terminating = terminates ? terminate() : null;
  async function terminate() {
    // The file is there before its contents.
    const marked = () => (existsSync(mark) ? readFileSync(mark, 'utf8') : '');
    while (!isOver && marked() === '') await sleep(5);
    const id = Number(marked());
    await workers.find((worker) => worker.threadId === id)?.terminate();
  }
  try {
    outcome = await trainer.train(config.seed, {
      ...observer,
      step: ({ step }, { loss }) => steps.push([step, loss]),
      evaluation: ({ step }, { accuracy }) => evaluations.push([step, accuracy ?? Number.NaN]),
      epoch: ({ epoch }) => epochs.push(epoch),
      lost: (from, failure) => lost.push({ from, failure }),
    });
  } catch (caught) {
    error = caught;
  }
  isOver = true;
  const tensors = trainer.session.parameters();
  await terminating;
  await trainer.close();
  process.off('worker', onWorker);
  const left = workers.filter(({ threadId }) => threadId !== -1).length;
  return { outcome, error, tensors, steps, evaluations, epochs, lost, left };
}
