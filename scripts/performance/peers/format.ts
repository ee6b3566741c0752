/**
 * The contents of a record of the peers' race besides the fields of every record: one entry a contestant, with every
 * sample.
 */
import * as z from 'zod';

/** Milliseconds in the order of the rounds. */
const times = z.array(z.number());

/**
 * Runs to the target. The `unfinished` last ones did not reach it: they were ended at the limit or stopped by
 * themselves, and their times are lower bounds.
 */
const runs = z.strictObject({ ms: times, unfinished: z.int().min(0) });

const curve = z.array(z.tuple([z.number(), z.number()]));

/** One variant at one thread count. */
const entrant = z.strictObject({
  /** Empty for a contestant of one variant. */
  variant: z.string(),
  /** Null if the number cannot be chosen. */
  threads: z.int().min(1).nullable(),
  resident: runs.nullable(),
  /** Images a second of the training only, round by round. */
  imagesPerSecond: z.array(z.number()),
  /** `[ms, accuracy]` of the run with the median time, by the resident clock. */
  curve,
  /** By batch size: the median call of each round, in milliseconds. */
  inference: z.record(z.string(), times),
  /** The resident race with a busy neighbour on every core. */
  loaded: runs.nullable(),
});

const cold = z.strictObject({
  threads: z.int().min(1).nullable(),
  ...runs.shape,
  /** By the program's own clock, if it reports one. */
  residentMs: times,
  accuracies: z.array(z.number()),
  curve,
  /** Sum of the resident set sizes of the process tree, in a run that is not timed; null: not measured. */
  peakBytes: z.int().nullable(),
});

const contestant = z.strictObject({
  name: z.string().min(1),
  label: z.string().min(1),
  role: z.enum(['ours', 'peer', 'other']),
  version: z.string().nullable(),
  settings: z.string(),
  /** Why it did not compete, in words; null if it did. */
  missing: z.string().nullable(),
  /** Measurements that it could not do, with the reason in words. */
  failures: z.record(z.string(), z.string()),
  /** Its user program reports the resident time: it has no session that trains. */
  residentFromCold: z.boolean(),
  entrants: z.array(entrant),
  cold: cold.nullable(),
  /** `cudaBytes`: size of GPU libraries that are also installed, not in `bytes`. */
  installed: z.strictObject({ bytes: z.int(), cudaBytes: z.int().optional() }).nullable(),
  /** Lines of the user's program, neither blank nor comment. */
  lines: z.int().nullable(),
});

export const peersSchema = z.strictObject({
  /** Of every time to the target. */
  target: z.number(),
  rounds: z.int().min(1),
  loadedRounds: z.int().min(0),
  /** Busy processes in the race under load. */
  neighbours: z.int().min(0),
  /** A sample is ended at this time. */
  limitMs: z.number(),
  batches: z.array(z.int()),
  contestants: z.array(contestant),
});

export type PeersRace = z.infer<typeof peersSchema>;
export type ContestantResult = z.infer<typeof contestant>;
export type Entrant = z.infer<typeof entrant>;
export type Cold = z.infer<typeof cold>;
export type Runs = z.infer<typeof runs>;
