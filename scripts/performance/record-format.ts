/** The contents of a record.json: one run of a benchmark with its bars, tables, every sample, and the machine. */
import * as z from 'zod';
import { peersSchema } from './peers/format.ts';

const spread = z.strictObject({
  median: z.number(),
  min: z.number(),
  max: z.number(),
  count: z.int().min(1),
});

const bar = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9.-]*$/),
  track: z.enum(['features', 'pixels', 'both', 'tables']),
  /** What is measured, in words. */
  text: z.string().min(1),
  unit: z.string(),
  limit: z.number(),
  direction: z.enum(['at most', 'at least']),
  /** In `unit`; null: this machine could not measure it, for the reason in `explanation`. */
  measured: z.union([spread, z.number()]).nullable(),
  /** Judged by the median; null if nothing was measured. */
  met: z.boolean().nullable(),
  command: z.string().min(1),
  /** Why the bar was missed or not measured. */
  explanation: z.string().optional(),
});

const table = z.strictObject({
  title: z.string().min(1),
  note: z.string().optional(),
  /** The first row is the heading. */
  rows: z.array(z.array(z.string())).min(1),
});

/** Other facts of the hardware card are kept unchanged. */
const machine = z.looseObject({
  processor: z.string(),
  cores: z.int().min(1),
  node: z.string(),
  v8: z.string(),
  wasmLevel: z.string(),
});

export const recordSchema = z.strictObject({
  schema: z.literal(1),
  bench: z.string().regex(/^[a-z0-9-]+$/),
  /** ISO 8601, UTC. */
  date: z.iso.datetime(),
  command: z.string().min(1),
  machine,
  /** Null outside a checkout; `+` at the end: tracked files had changes. */
  commit: z.string().nullable(),
  bars: z.array(bar),
  tables: z.array(table),
  /** All samples of every case, in the order of measuring. */
  samples: z.record(z.string(), z.array(z.number())),
  notes: z.array(z.string()),
  /** For the peers' race, whose samples are in it. */
  peers: peersSchema.optional(),
});

export type BenchRecord = z.infer<typeof recordSchema>;
export type Bar = z.infer<typeof bar>;
export type Table = z.infer<typeof table>;
export type Machine = z.infer<typeof machine>;

/** Name of a record's folder: `<YYYY-MM-DD>-<bench>-<processor>`, the processor by its words. */
export function folderName({
  date,
  bench,
  machine,
}: Pick<BenchRecord, 'date' | 'bench' | 'machine'>): string {
  const named = machine.processor.replace(/\((r|tm|c)\)|[®™©]|@.*$/gi, ' ').toLowerCase();
  const words = named.match(/[a-z0-9]+/g) ?? ['unknown'];
  return [date.slice(0, 10), bench, ...words].join('-');
}
