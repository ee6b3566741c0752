/** Compares a run that was trained again with the record of the first: weights, losses, and what may explain a difference. */
import type { Tensor } from '../model/safetensors.js';
import { sameForAnyThreads } from '../plan/threads.js';

type Tensors = ReadonlyMap<string, Tensor>;

export interface TensorDifference {
  readonly tensor: string;
  /** Values that differ, of how many; the largest difference. Null: the tensor is missing or has another shape. */
  readonly values: number | null;
  readonly of: number;
  readonly largest: number | null;
}

/** One for each tensor whose bits differ, in the order of the record. */
export function tensorDifferences(recorded: Tensors, again: Tensors): TensorDifference[] {
  const names = [...new Set([...recorded.keys(), ...again.keys()])];
  return names.flatMap((tensor): TensorDifference[] => {
    const [a, b] = [recorded.get(tensor), again.get(tensor)];
    const of = (a ?? b)?.data.length ?? 0;
    if (a === undefined || b === undefined || a.shape.join() !== b.shape.join())
      return [{ tensor, values: null, of, largest: null }];
    const [left, right] = [bitsOf(a), bitsOf(b)];
    let [values, largest] = [0, 0];
    for (let i = 0; i < left.length; i++) {
      if (left[i] === right[i]) continue;
      values++;
      largest = Math.max(largest, Math.abs(a.data[i] - b.data[i]));
    }
    return values === 0 ? [] : [{ tensor, values, of, largest }];
  });
}

const bitsOf = ({ data }: Tensor) => new Uint32Array(data.buffer, data.byteOffset, data.length);

/** Step → loss, from metrics.csv. */
export function lossesIn(metrics: string): Map<number, number> {
  const rows = metrics.split('\n').slice(1);
  return new Map(
    rows
      .filter((row) => row !== '')
      .map((row): [number, number] => {
        const [step, , loss] = row.split(',');
        return [Number(step), Number(loss)];
      }),
  );
}

/** The first recorded step whose loss is another in the second run, or is missing there; null: all are equal. */
export function firstOtherLoss(
  recorded: ReadonlyMap<number, number>,
  again: ReadonlyMap<number, number>,
): { readonly step: number; readonly recorded: number; readonly again: number | null } | null {
  for (const [step, loss] of recorded) {
    const found = again.get(step);
    if (found !== loss) return { step, recorded: loss, again: found ?? null };
  }
  return null;
}

/** As result.json has them. */
export interface Measured {
  readonly metrics: Readonly<Record<string, number | null>> | null;
  readonly testMetrics: Readonly<Record<string, number | null>> | null;
}

export interface OtherMetric {
  readonly name: string;
  readonly on: keyof Measured;
  readonly recorded: number | null;
  readonly again: number | null;
}

/** Of the metrics of the record: older ones have fewer. */
export function otherMetrics(
  recorded: Measured,
  again: Measured,
): { readonly compared: number; readonly other: OtherMetric[] } {
  const all = (['metrics', 'testMetrics'] as const).flatMap((on) =>
    Object.entries(recorded[on] ?? {}).map(([name, value]): OtherMetric => {
      return { name, on, recorded: value, again: again[on]?.[name] ?? null };
    }),
  );
  return { compared: all.length, other: all.filter(({ recorded, again }) => recorded !== again) };
}

/** The circumstances of a run on which its bits may depend. */
export interface Circumstances {
  readonly shardstep: string;
  readonly node: string;
  readonly arch: string;
  readonly processor: string;
  readonly backend: string;
  readonly kernels: string;
  readonly sync: string;
  readonly threads: number;
  /** SHA-256 by name. */
  readonly wasm: Readonly<Record<string, string>>;
  readonly data: Readonly<Record<string, string>>;
}

export interface Explanation {
  /** `explains`: bits may differ for that. `no matter`: they are promised to be the same. */
  readonly kind: 'explains' | 'no matter';
  readonly text: string;
}

/** One for each circumstance that is another. */
export function explanations(recorded: Circumstances, again: Circumstances): Explanation[] {
  // Both have fused multiply-adds, lane by lane.
  const isFused = (level: string) => level.startsWith('relaxed');
  const kernelsDiffer = recorded.kernels !== again.kernels;
  const sameArithmetic = isFused(recorded.kernels) && isFused(again.kernels);
  const changed = (name: string, key: keyof Circumstances) =>
    `${name}: ${String(recorded[key])} in the record, ${String(again[key])} now`;
  const of = (differs: boolean, kind: Explanation['kind'], text: () => string): Explanation[] =>
    differs ? [{ kind, text: text() }] : [];
  const differs = (key: keyof Circumstances) => recorded[key] !== again[key];
  const files = (key: 'wasm' | 'data') =>
    Object.keys(recorded[key]).filter(
      (name) => name in again[key] && recorded[key][name] !== again[key][name],
    );
  // Plain SIMD is defined to the last bit; fused multiply-adds are fused on some processors only.
  const fused = isFused(again.kernels);
  return [
    ...files('data').map(
      (name): Explanation => ({ kind: 'explains', text: `data: ${name} has other bytes` }),
    ),
    ...of(differs('shardstep'), 'explains', () => changed('shardstep', 'shardstep')),
    ...of(kernelsDiffer, sameArithmetic ? 'no matter' : 'explains', () => changed('kernel level', 'kernels')),
    ...(kernelsDiffer
      ? []
      : files('wasm').map(
          (name): Explanation => ({
            kind: 'explains',
            text: `kernels: ${name}.wasm is of another build`,
          }),
        )),
    ...of(differs('sync'), 'explains', () => changed('parallel.sync', 'sync')),
    ...of(differs('threads'), sameForAnyThreads(again.sync) ? 'no matter' : 'explains', () =>
      changed('threads', 'threads'),
    ),
    ...of(differs('arch'), fused ? 'explains' : 'no matter', () => changed('architecture', 'arch')),
    ...of(differs('processor'), fused && differs('arch') ? 'explains' : 'no matter', () =>
      changed('processor', 'processor'),
    ),
    ...of(again.backend === 'tfjs-node' && differs('processor'), 'explains', () =>
      changed('processor, with TensorFlow', 'processor'),
    ),
    ...of(differs('node'), 'no matter', () => changed('Node', 'node')),
  ];
}
