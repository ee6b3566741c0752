/**
 * The event schema of log.ndjson, version 1: the single source for writers of a log (types) and for readers
 * (validation). A new key is optional and needs no new version; removing a key or changing its meaning needs one.
 * Importing this file's values costs zod; the writer imports only its types.
 */
import * as z from 'zod';
import type { HardwareFacts, MeasuredSpeed, TensorFlowVersions } from '../machine/hardware.js';
import type { SweepRow } from './sweep-table.js';
import type { RaceSummary } from './train-result.js';

const count = () => z.int().min(0);
/** Accuracies and shares, 0–1. */
const fraction = () => z.number().min(0).max(1);
/** Milliseconds since the resident clock started, unless stated otherwise. */
const milliseconds = () => z.number().min(0);
const text = () => z.string().nullable();
const number = () => z.number().nullable();

/** How a run ended; `done` is a run without a target that finished all its epochs. */
const status = z.enum(['reached', 'missed', 'done', 'interrupted', 'failed']);
export type RunStatus = z.infer<typeof status>;

const versions = z.object({ shardstep: z.string(), node: z.string(), v8: z.string() });

const hardwareFacts = z.object({
  processor: text(),
  vendor: text(),
  baseGHz: number(),
  boostGHz: number(),
  physicalCores: number(),
  logicalCores: number(),
  availableCores: number(),
  l1dBytes: number(),
  l1iBytes: number(),
  l2Bytes: number(),
  l3Bytes: number(),
  simd: z.array(z.string()).nullable(),
  memoryTotalBytes: number(),
  memoryFreeBytes: number(),
  virtualisation: text(),
  os: text(),
  kernel: text(),
  arch: z.string(),
  node: z.string(),
  v8: z.string(),
  from: z.enum(['systeminformation', 'node:os']).optional(),
}) satisfies z.ZodType<HardwareFacts>;

const measuredSpeed = z.object({
  wasmLevel: z.string(),
  gflops: number(),
  bandwidthGBs: number(),
}) satisfies z.ZodType<MeasuredSpeed>;

const tensorflow = z.object({
  tfjsNode: z.string(),
  tensorflow: z.string(),
}) satisfies z.ZodType<TensorFlowVersions>;

/** Logs written before TensorFlow was a backend lack this key. */
export const hardwarePayload = hardwareFacts.extend({
  measured: measuredSpeed.nullable(),
  tensorflow: tensorflow.nullable().default(null),
});

const race = z.object({
  accuracy: fraction(),
  images: count(),
  coldMs: milliseconds(),
  phases: z.record(z.string(), z.number()),
  wasmLevel: z.string(),
  kernels: z.string(),
}) satisfies z.ZodType<RaceSummary>;

const sweepRow = z.object({
  threads: z.int().min(1),
  samplesMs: z.array(milliseconds()),
  medianMs: milliseconds(),
  imagesPerSecond: z.number().min(0),
  speedup: number(),
  efficiency: number(),
  oversubscribed: z.boolean(),
  shares: z.object({ compute: z.number(), synchronisation: z.number(), update: z.number() }),
}) satisfies z.ZodType<SweepRow>;

/** In runs over many seeds, the seed that an event belongs to. */
const seed = z.int().min(0).optional();

/**
 * Payload of each event. Accuracies and shares are fractions (0–1), losses are means over images, steps and epochs
 * count from 1, times are milliseconds since the resident clock started.
 */
export const logEvents = {
  run_start: z.object({ name: z.string(), command: z.string(), versions, seed: z.int().min(0) }),
  hardware: hardwarePayload,
  config: z.object({ config: z.unknown() }),
  /** `threads`: the number of workers and the reason for it. The events after it belong to runs on that number. */
  plan: z.object({ plan: z.unknown(), threads: z.object({ count: z.int().min(1), reason: z.string() }) }),
  /** The run goes on after so many steps, from the checkpoint of this name. */
  resume: z.object({ step: count(), checkpoint: z.string(), command: z.string() }),
  /** Of the `race` command, before its repetitions. */
  race,
  epoch: z.object({
    seed,
    epoch: count(),
    steps: count(),
    loss: z.number(),
    accuracy: fraction().nullable(),
    elapsedMs: milliseconds(),
    imagesPerSecond: z.number().min(0),
  }),
  step: z.object({
    seed,
    step: count(),
    epoch: count(),
    loss: z.number(),
    /** Null if the targets are values. */
    batchAccuracy: fraction().nullable(),
    lr: z.number().min(0),
    elapsedMs: milliseconds(),
  }),
  eval: z.object({
    seed,
    step: count(),
    epoch: count(),
    on: z.enum(['test', 'validation', 'train']),
    /** Null if the targets are values. */
    accuracy: fraction().nullable(),
    loss: z.number(),
    /** Those besides the accuracy that the run needs, and all of a regression; null: not defined on the samples. */
    metrics: z.record(z.string(), z.number().nullable()).optional(),
    elapsedMs: milliseconds(),
  }),
  /** Present with `log.noiseScale`: smoothed estimates of |G|², tr(Σ) and their ratio, in images. */
  noise_scale: z.object({
    seed,
    step: count(),
    epoch: count(),
    elapsedMs: milliseconds(),
    squaredGradient: z.number(),
    traceOfCovariance: z.number(),
    noiseScale: z.number().nullable(),
  }),
  sweep_row: sweepRow,
  speedup: z.object({
    baselineThreads: z.int().min(1),
    rows: z.array(z.object({ threads: z.int().min(1), speedup: number(), efficiency: number() })),
  }),
  /** `code`: see docs/warnings.md. */
  warning: z.object({ code: z.string(), message: z.string() }),
  /** Where the worker was, and the step from which the run went on if it did. */
  worker_error: z.object({
    rank: count(),
    message: z.string(),
    step: count().optional(),
    activity: z.string().optional(),
    stack: z.string().optional(),
    resumedFrom: count().optional(),
  }),
  /** `elapsedMs`: since the process started. */
  run_stop: z.object({ status, reason: z.string(), exitCode: z.int(), elapsedMs: milliseconds() }),
} as const;

export type EventName = keyof typeof logEvents;
/** The type that a program writes; a reader gets the same with defaults filled in. */
export type LogEvents = { [K in EventName]: z.output<(typeof logEvents)[K]> };

/** The keys of every line besides its payload. */
export const logLine = z.object({
  level: z.string(),
  time: z.iso.datetime(),
  schema: z.int(),
  event: z.string(),
});

export const isEventName = (name: string): name is EventName => Object.hasOwn(logEvents, name);
