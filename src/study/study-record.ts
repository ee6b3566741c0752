/** The contents of study.json: all comparisons, the machine, and the study file. */
import * as z from 'zod';
import type { LoadedStudy } from './study-file.js';
import type { ComparisonSummary } from './summary.js';

export interface StudyMachine {
  readonly processor: string;
  /** Physical cores. */
  readonly cores: number;
  readonly node: string;
  readonly wasmLevel: string;
  /** Facts of the hardware card. */
  readonly [fact: string]: unknown;
}

export interface StudyRecord {
  readonly schema: 1;
  readonly kind: 'study';
  /** The study file's name without its extension. */
  readonly name: string;
  readonly title: string | null;
  readonly status: 'done' | 'interrupted' | 'failed';
  /** ISO 8601, UTC: when it ended. */
  readonly date: string;
  readonly command: string;
  /** Null outside a checkout; `+` at the end: tracked files had changes. */
  readonly commit: string | null;
  readonly versions: { readonly shardstep: string; readonly node: string; readonly v8: string };
  readonly machine: StudyMachine;
  /** Share, 0–1. */
  readonly target: number;
  /** Time of this command, its plan included; cells of earlier commands are not in it. */
  readonly elapsedMs: number;
  readonly cells: { readonly all: number; readonly finished: number; readonly runNow: number };
  /** The study file as read. */
  readonly study: LoadedStudy['study'];
  readonly comparisons: readonly ComparisonSummary[];
}

/** The keys that every reader relies on; the others are as in the writer's types. */
const recordShape = z.looseObject({
  schema: z.literal(1),
  kind: z.literal('study'),
  name: z.string(),
  date: z.iso.datetime(),
  command: z.string(),
  machine: z.looseObject({ processor: z.string(), cores: z.int(), node: z.string(), wasmLevel: z.string() }),
  target: z.number(),
  comparisons: z.array(
    z.looseObject({
      name: z.string(),
      slug: z.string(),
      variants: z.array(z.looseObject({ label: z.string() })),
    }),
  ),
});

/** @throws Error that names the problem of the text. */
export function parseStudyRecord(text: string): StudyRecord {
  const value: unknown = JSON.parse(text);
  recordShape.parse(value);
  return value as StudyRecord;
}
