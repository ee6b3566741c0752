/** What stands between a rank and its work in a run that is profiled. A room above implements it and its module is loaded only then. */
import type { BackendInstruments } from '../backend/open-backend.js';
import type { Plan } from '../plan/plan.js';
import type { PhaseClock } from '../sync/phase-clock.js';
import type { RunCommand } from './control.js';

export interface Instruments extends BackendInstruments {
  clock(totals: Float64Array, parties: number): PhaseClock;
  barrier(wait: () => void, parties: number): () => void;
  command(execute: (command: RunCommand) => void): (command: RunCommand) => void;
  close(): void;
}

/** What the module of plan.profile.instruments exports. */
export interface InstrumentsModule {
  openInstruments(plan: Plan, memory: WebAssembly.Memory, rank: number): Promise<Instruments>;
}
