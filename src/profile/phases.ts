/**
 * The phases of a profiled run, with the numbers that the recorder of every rank and the coordinator use. Those of a
 * network are per layer, counted from 1 in tables.
 */
import { withShortcut } from '../model/network.js';
import type { Plan } from '../plan/plan.js';

/** Kinds that are not of a layer, as tables and traces name them, in the order of a run; their place is their number. */
const names = {
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
} as const;

type WholeKind = keyof typeof names;
const kinds = Object.keys(names) as WholeKind[];

export type PhaseKind = WholeKind | 'forward' | 'backward';

export interface Phase {
  readonly kind: PhaseKind;
  /** From 1; null if the phase is of the whole network. */
  readonly layer: number | null;
  /** As tables and traces have it. */
  readonly name: string;
}

/** Number of a phase that belongs to no layer. */
export const phaseNumber = Object.fromEntries(kinds.map((kind, i) => [kind, i])) as Record<WholeKind, number>;

/** Number of a layer's forward or backward pass; `layer` counts from 0, as in the plan. */
export const forwardNumber = (layer: number): number => kinds.length + 2 * layer;
export const backwardNumber = (layer: number): number => kinds.length + 2 * layer + 1;

/** All phases of a run, by number. */
export function phasesOf(plan: Pick<Plan, 'layers' | 'shortcut'>): Phase[] {
  const whole: Phase[] = kinds.map((kind) => ({ kind, layer: null, name: names[kind] }));
  const perLayer = withShortcut(plan).flatMap(({ kind, name }, l): Phase[] => {
    const word = kind === 'linear' ? name : l + 1;
    return [
      { kind: 'forward', layer: l + 1, name: `forward ${word}` },
      { kind: 'backward', layer: l + 1, name: `backward ${word}` },
    ];
  });
  return [...whole, ...perLayer];
}
