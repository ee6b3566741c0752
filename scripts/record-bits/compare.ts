/** Compares two records of bits. */
import * as z from 'zod';

const bits = z.object({
  /** Of the process; 0 and 3 (a target that was missed) leave weights. */
  exit: z.number(),
  tensors: z.record(z.string(), z.string()),
  metrics: z.string().nullable(),
});

/** Bits are those of one runtime: another kernel level sums in another order. */
const runtime = z.object({
  node: z.string(),
  arch: z.string(),
  wasmLevel: z.string(),
  /** TensorFlow's version; null: not set up, so its cases are left out. */
  tensorflow: z.string().nullable(),
});

export const bitRecord = z.object({ runtime, cases: z.record(z.string(), bits) });

export type Bits = z.infer<typeof bits>;
export type BitRuntime = z.infer<typeof runtime>;
export type Recorded = Readonly<Record<string, Bits>>;

/** Why the bits of the two runtimes cannot be compared; null if they can. */
export function incomparable(before: BitRuntime, now: BitRuntime): string | null {
  if (before.wasmLevel === now.wasmLevel) return null;
  return `recorded at the WebAssembly level ${before.wasmLevel}, this machine runs ${now.wasmLevel}: bits differ for that`;
}

/** Other differences between the runtimes, which may explain different bits. */
export function runtimeNotes(before: BitRuntime, now: BitRuntime): string[] {
  const keys = ['node', 'arch', 'tensorflow'] as const;
  return keys
    .filter((key) => before[key] !== null && now[key] !== null && before[key] !== now[key])
    .map((key) => `recorded with ${key} ${before[key]}, now ${now[key]}: bits may differ for that`);
}

/** One line for each case that differs, is new or has vanished. `asked`: whether a case was selected. */
export function differences(before: Recorded, now: Recorded, asked: (name: string) => boolean): string[] {
  const vanished = Object.keys(before).filter((name) => !(name in now) && asked(name));
  return [
    ...vanished.map((name) => `${name}: vanished`),
    ...Object.keys(now).flatMap((name) =>
      name in before ? differing(name, before[name], now[name]) : [`${name}: new, not in the record`],
    ),
  ];
}

function differing(name: string, a: Bits, b: Bits): string[] {
  const exits = a.exit === b.exit ? [] : [`exit ${a.exit} → ${b.exit}`];
  const names = [...new Set([...Object.keys(a.tensors), ...Object.keys(b.tensors)])];
  const tensors = names
    .filter((tensor) => a.tensors[tensor] !== b.tensors[tensor])
    .map((tensor) => (tensor in a.tensors ? (tensor in b.tensors ? tensor : `−${tensor}`) : `+${tensor}`));
  const found = [...exits, ...tensors, ...(a.metrics === b.metrics ? [] : ['metrics.csv'])];
  return found.length === 0 ? [] : [`${name}: ${found.join(', ')}`];
}
