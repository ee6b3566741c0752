/** Run folders and logs as the program writes them, with figures that a test chooses. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configSchema } from '../../dist/config/schema.js';
import { openLog } from '../../dist/run/log.js';
import type { LogEvents } from '../../dist/run/log-schema.js';

export const hardware: LogEvents['hardware'] = {
  processor: 'Example Processor',
  vendor: 'Example',
  baseGHz: 2,
  boostGHz: 3,
  physicalCores: 8,
  logicalCores: 16,
  availableCores: 16,
  l1dBytes: 32768,
  l1iBytes: 32768,
  l2Bytes: 1048576,
  l3Bytes: null,
  simd: ['avx2', 'fma'],
  memoryTotalBytes: 2 ** 34,
  memoryFreeBytes: 2 ** 33,
  virtualisation: 'none',
  os: 'Example OS 1',
  kernel: '6.0',
  arch: 'x64',
  node: '24.0.0',
  v8: '13.6',
  measured: { wasmLevel: 'relaxed-256', gflops: 100, bandwidthGBs: 20 },
  tensorflow: null,
};

export interface Curve {
  readonly seed: number;
  /** Milliseconds to the one evaluation, after the last step. */
  readonly elapsedMs: number;
  readonly accuracy: number;
}

export interface RunWords {
  readonly name?: string;
  readonly threads?: number;
  readonly oversubscribed?: boolean;
  /** Dotted keys over the defaults of the schema; batch 10, 1,000 images, target 0.97. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly curves?: readonly Curve[];
  /** Times of each repeat by thread count: a sweep. */
  readonly sweep?: Readonly<Record<number, readonly number[]>>;
  readonly hardware?: Partial<LogEvents['hardware']> | null;
  readonly status?: LogEvents['run_stop']['status'];
  readonly dataSha256?: Readonly<Record<string, string>>;
}

const images = 1000;
const stepsOfCurve = 100;

/** Writes log.ndjson, meta.json and result.json into `folder`, made where it is not; returns the log's path. */
export function writeRun(folder: string, run: RunWords): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'log.ndjson');
  const { name = 'example', threads = 2, curves = [], sweep = {}, status = 'reached' } = run;
  const log = openLog(file, 'info');
  const versions = { shardstep: '0.1.0', node: '24.0.0', v8: '13.6' };
  log.event('run_start', {
    name,
    command: 'node dist/coordinator train',
    versions,
    seed: curves[0]?.seed ?? 1,
  });
  log.event('config', { config: configOf(run) });
  if (curves.length > 0) {
    const parts = { train: { count: images } };
    const plan = { oversubscribed: run.oversubscribed ?? false, parts, sync: 'owner' };
    log.event('plan', { plan, threads: { count: threads, reason: 'asked for' } });
  }
  for (const curve of curves) writeCurve(log, curve, curves.length > 1);
  for (const row of sweepRows(sweep)) log.event('sweep_row', row);
  const card = run.hardware === null ? null : { ...hardware, ...run.hardware };
  if (card !== null) log.event('hardware', card);
  log.event('run_stop', { status, reason: status, exitCode: 0, elapsedMs: 5000 });
  log.close();
  const meta = { name, hardware: card, dataSha256: run.dataSha256 ?? { images: 'aa', labels: 'bb' } };
  writeFileSync(join(folder, 'meta.json'), JSON.stringify(meta));
  writeFileSync(
    join(folder, 'result.json'),
    JSON.stringify({ sync: 'owner', phases: { 'load data': 300, train: 50, evaluate: 9 } }),
  );
  return file;
}

function configOf({ config = {}, threads = 2 }: RunWords): unknown {
  const keys = {
    'train.batch': 10,
    'train.epochs': 1,
    'stop.target': 0.97,
    'parallel.threads': threads,
    ...config,
  };
  const nested: Record<string, Record<string, unknown>> = {};
  for (const [key, value] of Object.entries(keys)) {
    const [section, leaf] = key.split('.');
    nested[section] = { ...nested[section], [leaf]: value };
  }
  return configSchema.parse(nested);
}

function writeCurve(
  log: ReturnType<typeof openLog>,
  { seed, elapsedMs, accuracy }: Curve,
  several: boolean,
): void {
  const of = several ? { seed } : {};
  const stepMs = (elapsedMs - 1) / stepsOfCurve;
  for (let step = 10; step <= stepsOfCurve; step += 10) {
    const loss = 2.3 / Math.sqrt(step);
    const batchAccuracy = Math.min(1, 0.5 + step / 200);
    log.event('step', { ...of, step, epoch: 1, loss, batchAccuracy, lr: 0.1, elapsedMs: step * stepMs });
  }
  const at = { ...of, epoch: 1, accuracy, loss: 0.1, elapsedMs };
  log.event('eval', { ...at, step: stepsOfCurve, on: 'test' });
  log.event('epoch', { ...at, steps: stepsOfCurve, imagesPerSecond: (images / elapsedMs) * 1000 });
}

function sweepRows(sweep: NonNullable<RunWords['sweep']>): LogEvents['sweep_row'][] {
  const middle = (samples: readonly number[]) =>
    [...samples].sort((a, b) => a - b)[Math.floor(samples.length / 2)];
  const single = sweep[1] === undefined ? null : middle(sweep[1]);
  return Object.entries(sweep).map(([threads, samplesMs]) => {
    const medianMs = middle(samplesMs);
    const speedup = single === null ? null : single / medianMs;
    return {
      threads: Number(threads),
      samplesMs: [...samplesMs],
      medianMs,
      imagesPerSecond: (images / medianMs) * 1000,
      speedup,
      efficiency: speedup === null ? null : speedup / Number(threads),
      oversubscribed: Number(threads) > (hardware.availableCores ?? 0),
      shares: { compute: 0.8, synchronisation: 0.1, update: 0.1 },
    };
  });
}
