/**
 * The cells of a search: trainings of different settings on the training rows, spread over the threads, until the time is over.
 * Those that are behind at a few epochs end early (asynchronous successive halving; Li et al. 2020).
 */
import type { Config } from '../config/schema.js';
import { Interrupted } from '../coordinator/interruption.js';
import { OwnResources } from '../coordinator/resources.js';
import { openSetup, planFor, type Setup } from '../coordinator/setup.js';
import { withTrainer } from '../coordinator/trainer.js';
import type { RunObserver, RunOutcome } from '../coordinator/training-run.js';
import { measured } from '../coordinator/work.js';
import type { Dataset } from '../data/dataset.js';
import { samplesAt } from '../data/split.js';
import { isBetter, type Metric, type Metrics, metricOf, metricsOf } from '../metrics/metric.js';
import type { Tensor } from '../model/safetensors.js';
import type { Plan } from '../plan/plan.js';
import { Diverged } from '../worker/session-errors.js';
import type { Draw } from './space.js';

/** How a cell ended: by its own rules; behind the others; with the time, after a whole number of evaluations; without a model. */
export type CellEnd = 'whole' | 'behind' | 'time' | 'none';

export interface Cell extends Draw {
  /** From 1, in the order in which they began: the recipe itself is 1. */
  readonly cell: number;
  readonly end: CellEnd;
  /** Of the weights that it ended with, on the validation rows; null without a model. */
  readonly value: number | null;
  readonly epochs: number;
  readonly seconds: number;
}

/** What the best cell leaves. */
export interface CellModel {
  readonly cell: Cell;
  readonly setup: Setup;
  readonly plan: Plan;
  readonly outcome: RunOutcome;
  readonly metrics: Metrics;
  readonly tensors: Map<string, Tensor>;
}

export interface SearchOptions {
  readonly setup: Setup;
  readonly draws: Iterator<Draw, void>;
  readonly lanes: number;
  /** By `performance.now()`: no cell goes on after it. */
  readonly deadline: number;
  /** Of the user: cells end at their next evaluation, or soon after. */
  readonly signal: AbortSignal;
  /** Watches the training of a cell. */
  observe(cell: number, config: Config, plan: Plan): Partial<RunObserver>;
  /** In the order in which they end; `best`: the model of this cell is the best so far. */
  finished(cell: Cell, best: CellModel | null): void;
}

/** Evaluations after which the cells are compared; the better half goes on, if so many have come that far. */
const rungs = [4, 8, 16];
const fewestAtRung = 4;

/** A cell that hears of the end later than this is given up. */
const patienceMs = 500;

/** Without test rows: no choice can depend on them. */
const trainingOnly = (dataset: Dataset): Dataset => ({
  ...dataset,
  test: samplesAt(dataset.test, new Uint32Array()),
});

/** @throws as training does, except for a divergence. */
export async function searchCells(options: SearchOptions): Promise<void> {
  const { setup, draws, lanes, deadline, signal, finished } = options;
  const resources = new OwnResources(
    new AbortController().signal,
    () => {},
    () => {},
    true,
  );
  const dataset = trainingOnly(setup.dataset);
  const known: Known = { rungs: new Map(), shortestMs: 0 };
  const failures: unknown[] = [];
  let [begun, best]: [number, CellModel | null] = [0, null];
  const lane = async () => {
    while (
      failures.length === 0 &&
      !signal.aborted &&
      (begun === 0 || performance.now() + known.shortestMs < deadline)
    ) {
      const next = draws.next();
      if (next.done === true) return;
      const cell = ++begun;
      try {
        const trained = await trainCell(cell, next.value, options, { resources, dataset, known });
        const isBest = 'tensors' in trained && isAbove(trained, best);
        if (isBest) best = trained;
        finished('tensors' in trained ? trained.cell : trained, isBest ? best : null);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: lanes }, lane));
  } finally {
    await resources.close();
  }
  if (failures.length > 0) throw failures[0];
}

/** Of equal ones the one that began first, whichever ended first. */
function isAbove(one: CellModel, other: CellModel | null): boolean {
  if (other === null) return true;
  const [a, b] = [one.cell.value ?? Number.NaN, other.cell.value ?? Number.NaN];
  return a === b ? one.cell.cell < other.cell.cell : isBetter(metricOf(one.plan.metric), a, b);
}

/** What the cells know of each other. */
interface Known {
  /** By number of evaluations: the best values of the cells that have come so far. */
  readonly rungs: Map<number, number[]>;
  /** Of the cells that were evaluated: the shortest time until then, from their beginning; 0 without any. */
  shortestMs: number;
}

interface Shared {
  readonly resources: OwnResources;
  readonly dataset: Dataset;
  readonly known: Known;
}

async function trainCell(
  cell: number,
  draw: Draw,
  { setup: { cores, given, warn }, deadline, signal, observe, lanes }: SearchOptions,
  { resources, dataset, known }: Shared,
): Promise<CellModel | Cell> {
  const started = performance.now();
  const watch = new CellWatch(cell, deadline, signal, known);
  const config: Config = { ...draw.config, parallel: { ...draw.config.parallel, threads: 1 } };
  const ended = (end: CellEnd, value: number | null, epochs: number): Cell => ({
    ...draw,
    ...{ cell, end, value, epochs, seconds: (performance.now() - started) / 1000 },
  });
  try {
    const setup = await openSetup({
      ...{ config, cores, dataset, resources, signal: watch.signal, note() {} },
      // What there is to say of the data was said of the recipe.
      warn: cell === 1 ? warn : () => {},
      ...(given === undefined ? {} : { given: new Set([...given, ...Object.keys(draw.settings)]) }),
      ...{ startsWorkers: false, sharesThread: lanes > 1 },
    });
    const plan = planFor(setup);
    const metric = metricOf(plan.metric);
    return await withTrainer(setup, plan, async (trainer) => {
      const observer = watch.over(observe(cell, setup.config, plan), metric);
      const outcome = await trainer.train(config.seed, observer, { isOver: () => watch.isOver });
      const { session } = trainer;
      const { on } = setup.config.stop;
      if (outcome.weights.of === 'best evaluation') await session.evaluate(on);
      const value = outcome.evaluation && measured(outcome.evaluation, metric.name);
      const end = outcome.reason === 'time' ? (watch.isBehind ? 'behind' : 'time') : 'whole';
      const model = {
        setup,
        plan,
        outcome,
        tensors: session.parameters(),
        metrics: metricsOf(session.judged(on)),
      };
      return { ...model, cell: ended(end, value, outcome.epochs) };
    });
  } catch (error) {
    if (error instanceof Diverged || error instanceof Interrupted) return ended('none', null, 0);
    throw error;
  } finally {
    watch.close();
  }
}

/** Decides when a cell ends besides its own rules. */
class CellWatch {
  isBehind = false;
  #isLate = false;
  #evaluations = 0;
  #best: number | null = null;
  #lastAt = performance.now();
  #timer: NodeJS.Timeout | null = null;
  readonly #abort = new AbortController();
  readonly #cell: number;
  readonly #deadline: number;
  readonly #user: AbortSignal;
  readonly #known: Known;
  readonly #started = performance.now();

  constructor(cell: number, deadline: number, user: AbortSignal, known: Known) {
    this.#cell = cell;
    this.#deadline = deadline;
    this.#user = user;
    this.#known = known;
    // The recipe itself is evaluated at least once.
    if (cell > 1) this.#endAfter(deadline - performance.now());
    user.addEventListener('abort', this.#stopped, { once: true });
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get isOver(): boolean {
    return this.isBehind || this.#isLate || this.#user.aborted;
  }

  over(observer: Partial<RunObserver>, metric: Metric): Partial<RunObserver> {
    return {
      ...observer,
      evaluation: (position, evaluation) => {
        observer.evaluation?.(position, evaluation);
        const now = performance.now();
        const tookMs = now - this.#lastAt;
        this.#lastAt = now;
        // Another epoch would end after the time.
        this.#isLate = now + tookMs > this.#deadline;
        const value = measured(evaluation, metric.name);
        if (value !== null && (this.#best === null || isBetter(metric, value, this.#best)))
          this.#best = value;
        this.#evaluations++;
        const { shortestMs } = this.#known;
        const sinceMs = now - this.#started;
        if (this.#evaluations === 1)
          this.#known.shortestMs = shortestMs === 0 ? sinceMs : Math.min(shortestMs, sinceMs);
        if (this.#cell === 1 && this.#evaluations === 1) this.#endAfter(this.#deadline - now + patienceMs);
        if (this.#best !== null && rungs.includes(this.#evaluations)) this.#compare(this.#best, metric);
      },
    };
  }

  #compare(value: number, metric: Metric): void {
    const values = this.#known.rungs.get(this.#evaluations) ?? [];
    values.push(value);
    this.#known.rungs.set(this.#evaluations, values);
    const better = values.filter((other) => isBetter(metric, other, value)).length;
    this.isBehind = this.#cell > 1 && values.length >= fewestAtRung && better >= values.length / 2;
  }

  #endAfter(ms: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#abort.abort(new Interrupted()), Math.max(0, ms));
  }

  #stopped = () => this.#endAfter(patienceMs);

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#user.removeEventListener('abort', this.#stopped);
  }
}
