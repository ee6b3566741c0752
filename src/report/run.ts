/** A run in the form that the reports use: the content of its log and of the files beside it. */
import * as z from 'zod';
import { classMetrics, valueMetrics } from '../config/choices.js';
import type { LogEvents } from '../run/log-schema.js';
import type { SweepRow } from '../run/sweep-table.js';
import type { Damage } from './read-log.js';

type Timed<T> = Readonly<Omit<T, 'seed'>> & {
  /** Images read by then, over all epochs; null if the log lacks the number in an epoch. */
  readonly images: number | null;
};
export type StepPoint = Timed<LogEvents['step']>;
export type EvaluationPoint = Timed<LogEvents['eval']>;

/** One seed on one thread count: a curve. */
export interface Track {
  readonly run: Run;
  readonly seed: number;
  readonly threads: number | null;
  readonly oversubscribed: boolean;
  readonly steps: readonly StepPoint[];
  readonly evaluations: readonly EvaluationPoint[];
  readonly epochs: readonly LogEvents['epoch'][];
  /** False if the log ends, or the run failed, in the middle of it. */
  readonly finished: boolean;
}

/** The few keys of a configuration that the reports read, in every version of its schema. */
const facts = z.object({
  data: z.object({ take: z.number().nullish() }).catch({}),
  train: z.object({ batch: z.number().optional(), dropLast: z.boolean().optional() }).catch({}),
  stop: z
    .object({
      target: z.number().nullable().default(null),
      metric: z
        .enum([...classMetrics, ...valueMetrics])
        .nullable()
        .default(null),
      on: z.string().default('test'),
    })
    .catch({ target: null, metric: null, on: 'test' }),
  parallel: z.object({ sync: z.string().default('unknown') }).catch({ sync: 'unknown' }),
  backend: z.string().catch('wasm'),
});
export type ConfigFacts = z.infer<typeof facts>;

export const configFacts = (config: unknown): ConfigFacts => {
  const read = facts.safeParse(config);
  return read.success ? read.data : facts.parse({});
};

export interface Run {
  /** The folder's name, or the file's; with a number if a file holds several runs. */
  readonly label: string;
  readonly file: string;
  readonly start: LogEvents['run_start'] | null;
  /** ISO 8601, UTC; null if nothing could be read. */
  readonly startedAt: string | null;
  readonly stop: LogEvents['run_stop'] | null;
  /** The resolved configuration; null if neither the log nor config.yaml has it. */
  readonly config: unknown;
  readonly facts: ConfigFacts;
  /** Null for a run that was interrupted, or whose log was cut. */
  readonly hardware: LogEvents['hardware'] | null;
  readonly tracks: readonly Track[];
  readonly sweep: readonly SweepRow[];
  readonly race: LogEvents['race'] | null;
  /** Milliseconds by phase, of result.json: several of them overlap. */
  readonly phases: Readonly<Record<string, number>> | null;
  /** SHA-256 (hex) by file name, of meta.json. */
  readonly dataSha256: Readonly<Record<string, string>> | null;
  readonly damages: readonly Damage[];
}

export const nameOf = (run: Run): string => run.start?.name ?? run.label;
