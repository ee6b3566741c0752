/**
 * The phases of a profiled run, with the numbers that the recorder of every rank and the coordinator use. Those of a
 * network are per layer, counted from 1 in tables.
 */
import type { Plan } from '../plan/plan.js';

export type PhaseKind =
  | 'idle'
  | 'loop'
  | 'wait'
  | 'features'
  | 'fit'
  | 'train'
  | 'propagate'
  | 'gather'
  | 'forward'
  | 'loss'
  | 'backward'
  | 'reduce'
  | 'update'
  | 'evaluate';

export interface Phase {
  readonly kind: PhaseKind;
  /** From 1; null if the phase belongs to the whole network. */
  readonly layer: number | null;
  /** The name in tables and traces. */
  readonly name: string;
}

/** Kinds that belong to no layer, in the order of a run; their index is their number. */
const kinds = [
  'idle',
  'loop',
  'wait',
  'features',
  'fit',
  'train',
  'propagate',
  'gather',
  'loss',
  'reduce',
  'update',
  'evaluate',
] as const;

const names: Readonly<Record<(typeof kinds)[number], string>> = {
  idle: 'idle',
  loop: 'step loop',
  wait: 'barrier wait',
  features: 'features',
  fit: 'transform fit',
  train: 'train',
  propagate: 'forward, loss, deltas',
  gather: 'gather',
  loss: 'loss',
  reduce: 'reduce',
  update: 'update',
  evaluate: 'evaluate',
};

/** Number of a phase that belongs to no layer. */
export const phaseNumber = Object.fromEntries(kinds.map((kind, i) => [kind, i])) as Record<
  (typeof kinds)[number],
  number
>;

/** Number of a layer's forward or backward pass; `layer` counts from 0, as in the plan. */
export const forwardNumber = (layer: number): number => kinds.length + 2 * layer;
export const backwardNumber = (layer: number): number => kinds.length + 2 * layer + 1;

/** All phases of a run, by number. */
export function phasesOf({ layers }: Pick<Plan, 'layers'>): Phase[] {
  const whole: Phase[] = kinds.map((kind) => ({ kind, layer: null, name: names[kind] }));
  const perLayer = layers.flatMap((_, l): Phase[] => [
    { kind: 'forward', layer: l + 1, name: `forward ${l + 1}` },
    { kind: 'backward', layer: l + 1, name: `backward ${l + 1}` },
  ]);
  return [...whole, ...perLayer];
}

/** The phases between a rank and its work, which the ranks' load excludes. */
export const isWaiting = ({ kind }: Phase): boolean => kind === 'wait' || kind === 'idle';
