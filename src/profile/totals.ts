/** Totals of a profiled run: the time of each rank by phase, and the same by step. Milliseconds. */

import type { Plan } from '../plan/plan.js';
import type { Collector, CommandRecord, Span } from './collector.js';
import { type Phase, phaseNumber, phasesOf } from './phases.js';
import { spanOf, visitSlices, workersEnd } from './timeline.js';

export interface Totals {
  readonly phases: readonly Phase[];
  /** [workers][phases by number]; waits include those for the others at the end of a command. */
  readonly workers: readonly Float64Array[];
  /** The coordinator's share of steps, by phase. */
  readonly coordinator: Float64Array;
  /**
   * For each worker: from the sending of a command to the worker's first stamp, and from the last worker's end to the
   * coordinator's next action.
   */
  readonly dispatch: readonly number[];
  /** For the coordinator: orders drawn, and its work between commands. */
  readonly shuffleMs: number;
  readonly reportMs: number;
  /** By phase, of every worker's every stamped step: milliseconds; and of whole steps. */
  readonly perStep: readonly (readonly number[])[];
  readonly steps: readonly number[];
  /** Stamps within steps, of all workers. */
  readonly stampsInSteps: number;
}

export function totalsOf(
  plan: Plan,
  { commands, orders, endedAt }: Pick<Collector, 'commands' | 'orders' | 'endedAt'>,
): Totals {
  const phases = phasesOf(plan);
  const workers = Array.from({ length: plan.threads }, () => new Float64Array(phases.length));
  const coordinator = new Float64Array(phases.length);
  const dispatch = workers.map(() => 0);
  const steps = new StepSums(phases.length);
  for (const record of commands) {
    workers.forEach((sums, rank) => {
      visitSlices(record, rank, (phase, from, to, step) => {
        sums[phase] += to - from;
        steps.add(phase, to - from, step);
      });
      steps.close();
      addEdges(record, rank, sums, dispatch);
    });
    visitSlices(record, plan.threads, (phase, from, to) => {
      coordinator[phase] += to - from;
    });
  }
  const { samples, durations, stamps } = steps;
  return {
    phases,
    workers,
    coordinator,
    dispatch,
    shuffleMs: lengthOf(orders),
    reportMs: reportOf(commands, orders, endedAt),
    perStep: samples,
    steps: durations,
    stampsInSteps: stamps,
  };
}

const lengthOf = (spans: readonly Span[]) => spans.reduce((sum, { from, to }) => sum + to - from, 0);

/** The time to a worker and back, and the worker's wait for slower ones. */
function addEdges(record: CommandRecord, rank: number, sums: Float64Array, dispatch: number[]): void {
  const span = spanOf(record.ranks[rank]);
  const end = workersEnd(record);
  if (span === null) return;
  dispatch[rank] += span.from - record.sentAt;
  if (end === null) return;
  dispatch[rank] += record.doneAt - end;
  sums[phaseNumber.wait] += end - span.to;
}

/** From the first order, all time that is neither a command nor the drawing of an order. */
function reportOf(
  commands: readonly CommandRecord[],
  orders: readonly Span[],
  endedAt: number | null,
): number {
  const first = orders[0]?.from;
  const last = endedAt ?? commands.at(-1)?.doneAt;
  if (first === undefined || last === undefined) return 0;
  const sent = commands.reduce((sum, { sentAt, doneAt }) => sum + doneAt - sentAt, 0);
  return Math.max(0, last - first - sent - lengthOf(orders));
}

/** Sums of the phases within each step of one worker at a time. */
class StepSums {
  readonly samples: number[][];
  readonly durations: number[] = [];
  stamps = 0;
  readonly #present: Float64Array;
  #step: number | null = null;

  constructor(phases: number) {
    this.samples = Array.from({ length: phases }, () => []);
    this.#present = new Float64Array(phases);
  }

  add(phase: number, ms: number, step: number | null): void {
    if (step !== this.#step) this.close();
    this.#step = step;
    if (step === null) return;
    this.#present[phase] += ms;
    this.stamps++;
  }

  close(): void {
    if (this.#step === null) return;
    this.#present.forEach((ms, phase) => {
      this.samples[phase].push(ms);
    });
    this.durations.push(this.#present.reduce((sum, ms) => sum + ms, 0));
    this.#present.fill(0);
    this.#step = null;
  }
}
