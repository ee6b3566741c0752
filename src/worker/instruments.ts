/**
 * Wraps a rank's clock, backend, barrier and commands in a profiled run. A room above implements it; its module is
 * loaded only in such a run.
 */
import type { BackendInstruments } from '../backend/open-backend.js';
import type { Plan } from '../plan/plan.js';
import type { PhaseClock } from '../sync/phase-clock.js';
import type { RunCommand } from './control.js';

export interface Instruments extends BackendInstruments {
  clock(stats: Float64Array, parties: number): PhaseClock;
  barrier(wait: () => void, parties: number): () => void;
  command(execute: (command: RunCommand) => void): (command: RunCommand) => void;
  close(): void;
}

/** The exports of the module plan.profile.instruments. */
export interface InstrumentsModule {
  openInstruments(plan: Plan, memory: WebAssembly.Memory, rank: number): Promise<Instruments>;
}
