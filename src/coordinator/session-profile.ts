/**
 * The coordinator's side of a profile, as a session uses it. A room above implements it; its module is loaded only in a
 * profiled run.
 */
import type { BackendInstruments } from '../backend/open-backend.js';
import type { Plan, ProfilePlan } from '../plan/plan.js';
import type { RunCommand } from '../worker/control.js';

export interface SessionProfile {
  /** The coordinator's own backend. */
  readonly instruments: BackendInstruments;
  /** Before a command is sent, and after each rank has reported that it is done or has left. */
  sending(command: RunCommand): void;
  done(): void;
  /** The coordinator has done its share of a step. */
  combined(): void;
  /** An order was drawn; from and to by `performance.now()`. */
  ordered(from: number, to: number): void;
  /** Another run begins. */
  restart(): void;
  /** The run is over; `residentMs` passed from the beginning of its first order. */
  finish(residentMs: number): void;
}

/** The exports of the module plan.profile.collector. */
export interface CollectorModule {
  openCollector(plan: Plan, memory: WebAssembly.Memory): SessionProfile;
}

export async function openProfile(
  plan: Plan,
  { collector }: ProfilePlan,
  memory: WebAssembly.Memory,
): Promise<SessionProfile> {
  const module: CollectorModule = await import(collector);
  return module.openCollector(plan, memory);
}
