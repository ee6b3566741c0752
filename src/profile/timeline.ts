/** Turns stamps into slices of time: what a rank did, from when to when, and in which step. */

import { doublesPerStamp } from '../plan/stamp-room.js';
import type { CommandRecord, Span, Stamps } from './collector.js';
import { phaseNumber } from './phases.js';
import { stepFlag } from './recorder.js';

/** `step` counts from 1; null if the phase belongs to no single step. Milliseconds of the clock. */
export type SliceVisitor = (phase: number, from: number, to: number, step: number | null) => void;

/** Phases outside steps: the first of them after a step ends it. */
const outsideSteps: readonly number[] = [
  phaseNumber.idle,
  phaseNumber.features,
  phaseNumber.fit,
  phaseNumber.train,
  phaseNumber.evaluate,
];

/**
 * Clocks of threads agree only to about a microsecond. No rank begins before its command is sent, or ends after the
 * coordinator has received its report. So stamps are limited to this interval, and slices nest for any clocks.
 */
export function bringWithin({ sentAt, doneAt, ranks }: CommandRecord): void {
  for (const stamps of ranks)
    for (let i = 0; i < stamps.length; i += doublesPerStamp)
      stamps[i] = Math.min(Math.max(stamps[i], sentAt), doneAt);
}

/** A command's slices of one rank, in order and without gaps. One that was stopped within a slice lacks that one. */
export function visitSlices({ command, ranks }: CommandRecord, rank: number, visit: SliceVisitor): void {
  const stamps = ranks[rank];
  let steps = 0;
  let step: number | null = null;
  for (let i = 0; i + doublesPerStamp < stamps.length; i += doublesPerStamp) {
    const code = stamps[i + 1];
    const begins = code >= stepFlag;
    const phase = begins ? code - stepFlag : code;
    if (begins) step = command.first + ++steps;
    else if (outsideSteps.includes(phase)) step = null;
    visit(phase, stamps[i], stamps[i + doublesPerStamp], step);
  }
}

/** The times of a rank's first stamp and of its end; null for a rank that was stopped or did not join. */
export function spanOf(stamps: Stamps): Span | null {
  const last = stamps.length - doublesPerStamp;
  return last > 0 && stamps[last + 1] === phaseNumber.idle ? { from: stamps[0], to: stamps[last] } : null;
}

/** When the last worker ended; null if one was stopped. */
export function workersEnd({ ranks }: CommandRecord): number | null {
  const spans = ranks.slice(0, -1).map(spanOf);
  return spans.every((span) => span !== null) ? Math.max(...spans.map((span) => span.to)) : null;
}
