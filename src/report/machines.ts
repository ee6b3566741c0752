/** The machine of a run, identified by its hardware card: machines whose facts differ get different letters. */

import type { LogEvents } from '../run/log-schema.js';
import { differences, flatKeys, keyOf } from './config-keys.js';
import { groupBy } from './group-by.js';
import type { Run } from './run.js';

type Hardware = LogEvents['hardware'];

export interface Machine {
  /** A, B, …; ? for runs whose log has no hardware card. */
  readonly letter: string;
  /** The card of the first run on it. */
  readonly hardware: Hardware | null;
  readonly runs: readonly Run[];
}

/** All facts except those that vary between runs on one machine: free memory and measured speeds. */
export function machineFacts(hardware: Hardware | null): Map<string, string> {
  if (hardware === null) return new Map();
  const { memoryFreeBytes: _, measured, tensorflow: __, from: ___, ...facts } = hardware;
  return flatKeys({ ...facts, ...(measured === null ? {} : { wasmLevel: measured.wasmLevel }) });
}

/** In the order of their first runs; runs without a card come last, as one machine. */
export function findMachines(runs: readonly Run[]): Machine[] {
  const known = groupBy(
    runs.filter(({ hardware }) => hardware !== null),
    ({ hardware }) => keyOf(machineFacts(hardware)),
  );
  const unknown = runs.filter(({ hardware }) => hardware === null);
  return [
    ...[...known.values()].map((on, index) => ({
      letter: letter(index),
      hardware: on[0].hardware,
      runs: on,
    })),
    ...(unknown.length === 0 ? [] : [{ letter: '?', hardware: null, runs: unknown }]),
  ];
}

/** A … Z, then A1 … Z1, and so on. */
function letter(index: number): string {
  const round = Math.floor(index / 26);
  return String.fromCharCode(65 + (index % 26)) + (round === 0 ? '' : round);
}

export const machineDifferences = (a: Hardware | null, b: Hardware | null) =>
  differences(machineFacts(a), machineFacts(b));
