/** The table of a profile: each phase's time, work, rates, and its position under the roofline of one core. */
import { median } from '../numbers/statistics.js';
import { type PhaseKind, phaseNumber } from './phases.js';
import { placeUnderRoof, type Roof, type RoofPlace } from './roof.js';
import type { Totals } from './totals.js';
import type { PhaseWork } from './work.js';

/** The coordinator's phases, besides those of the workers. */
export type RowKind = PhaseKind | 'shuffle' | 'dispatch' | 'report';

export interface PhaseRow extends RoofPlace {
  readonly name: string;
  readonly kind: RowKind;
  readonly layer: number | null;
  /** Milliseconds in the whole run, mean over the workers, and their share of the run. */
  readonly ms: number;
  readonly share: number;
  /** Median over all steps of all workers; null for phases that are not of steps. */
  readonly stepMs: number | null;
  /** Of the whole run, all workers together. */
  readonly flop: number | null;
  readonly bytes: number | null;
}

export interface PhaseTable {
  readonly threads: number;
  /** The run by the resident clock. */
  readonly wallMs: number;
  readonly rows: readonly PhaseRow[];
  /** Share of the run that has a row. */
  readonly accounted: number;
  /** The busiest worker's computation over the mean of all workers. */
  readonly imbalance: number;
  /** A step, median over all workers; null if none was stamped. */
  readonly stepMs: number | null;
  readonly roof: Roof;
}

/** In the order of a run; layers of backward passes from the last to the first. */
const order: readonly RowKind[] = [
  'shuffle',
  'dispatch',
  'features',
  'fit',
  'train',
  'gather',
  'propagate',
  'forward',
  'loss',
  'backward',
  'reduce',
  'update',
  'wait',
  'loop',
  'evaluate',
  'report',
];

export interface TableFacts {
  readonly totals: Totals;
  readonly work: ReadonlyMap<number, PhaseWork>;
  readonly wallMs: number;
  readonly roof: Roof;
}

export function phaseTable({ totals, work, wallMs, roof }: TableFacts): PhaseTable {
  const { workers, coordinator, dispatch, phases, perStep } = totals;
  const threads = workers.length;
  const rows: PhaseRow[] = [];
  const plain = (kind: RowKind, name: string, ms: number) => rows.push(plainRow(kind, name, ms, wallMs));
  // The workers wait while the coordinator works for all.
  const combined = coordinator[phaseNumber.reduce] + coordinator[phaseNumber.update];
  phases.forEach(({ kind, layer, name }, phase) => {
    const sum = workers.reduce((total, each) => total + each[phase], 0);
    const own = kind === 'wait' ? Math.max(0, sum / threads - combined) : sum / threads;
    const ms = own + coordinator[phase] * Number(kind === 'reduce' || kind === 'update');
    if (ms === 0 || kind === 'idle') return;
    const { flop = null, bytes = null } = work.get(phase) ?? {};
    // Core time: of all ranks that shared the work.
    const coreMs = coordinator[phase] > 0 && sum === 0 ? ms : ms * threads;
    const inSteps = perStep[phase].some((each) => each > 0);
    rows.push({
      ...plainRow(kind, name, ms, wallMs),
      layer,
      stepMs: inSteps ? median(perStep[phase]) : null,
      flop,
      bytes,
      ...placeUnderRoof(flop, bytes, coreMs, roof),
    });
  });
  plain('shuffle', 'shuffle', totals.shuffleMs);
  plain('dispatch', 'dispatch', dispatch.reduce((sum, each) => sum + each, 0) / threads);
  plain('report', 'report', totals.reportMs);
  const computed = workers.map((each) => computation(each, totals));
  const meanComputed = computed.reduce((sum, each) => sum + each, 0) / threads;
  return {
    threads,
    wallMs,
    rows: rows
      .filter(({ ms }) => ms > 0)
      .sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind) || byLayer(a, b)),
    accounted: rows.reduce((sum, { share }) => sum + share, 0),
    imbalance: meanComputed > 0 ? Math.max(...computed) / meanComputed : 1,
    stepMs: totals.steps.length > 0 ? median(totals.steps) : null,
    roof,
  };
}

function byLayer(a: PhaseRow, b: PhaseRow): number {
  const difference = (a.layer ?? 0) - (b.layer ?? 0);
  return a.kind === 'backward' ? -difference : difference;
}

function plainRow(kind: RowKind, name: string, ms: number, wallMs: number): PhaseRow {
  const nothing = placeUnderRoof(null, null, 0, { gflops: 1, bandwidthGBs: 1 });
  const facts = { layer: null, stepMs: null, flop: null, bytes: null };
  return { name, kind, ms, share: ms / wallMs, ...facts, ...nothing };
}

/** A worker's time except waits. */
function computation(sums: Float64Array, { phases }: Totals): number {
  return sums.reduce((sum, ms, phase) => {
    const { kind } = phases[phase];
    return kind === 'wait' || kind === 'idle' ? sum : sum + ms;
  }, 0);
}
