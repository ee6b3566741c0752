/**
 * GFLOP/s of a piece of work on one core. It alternates with the machine's peak, so that its share of the peak is known
 * round by round.
 */
import type { Table } from '../../scripts/performance/record-format.ts';
import { alternate, printed, ratios, shown, spread } from '../harness.ts';
import { rate } from '../rate.ts';
import { linkExports } from './compile.ts';

export interface Work {
  readonly name: string;
  /** Operations of a call. */
  readonly flop: number;
  readonly call: () => void;
}

export interface Rates {
  readonly table: Table;
  readonly samples: Record<string, readonly number[]>;
  /** Percent of the peak, by the name of the work. */
  readonly shares: ReadonlyMap<string, readonly number[]>;
}

const rounds = 25;
const sampleMs = 3;

const peakName = 'peak: 12 independent 256-bit sums in registers';

/** The peak rate of multiply-adds on this core: `pointer` is a place for 448 bytes. */
export function peakWork(memory: WebAssembly.Memory, pointer: number): Work {
  const exports = new Map([['peak', 'bench/assembly/peak']]);
  const { peak } = linkExports<{ peak(p: number, rounds: number): void }>('peak', exports, memory);
  const repeats = 2000;
  new Float32Array(memory.buffer, pointer, 112).fill(0.5);
  return { name: peakName, flop: repeats * 12 * 16, call: () => peak(pointer, repeats) };
}

export async function measureRates(
  title: string,
  note: string,
  peak: Work,
  works: readonly Work[],
): Promise<Rates> {
  const all = [peak, ...works];
  const taken = await alternate(
    all.map((work) => ({ name: work.name, run: () => rate(work.flop, work.call, sampleMs) })),
    { rounds, warmUp: 2 },
  );
  const of = (name: string) => taken.get(name)?.samples ?? [];
  const shares = new Map(
    works.map(({ name }) => [name, ratios(of(name), of(peakName)).map((share) => 100 * share)]),
  );
  const rows = all.map(({ name }) => {
    const share = shares.get(name);
    return [name, shown(spread(of(name))), share === undefined ? '' : shown(spread(share), 0)];
  });
  const heading = ['work', 'GFLOP/s', '% of the peak'];
  return {
    table: printed({ title, note, rows: [heading, ...rows] }),
    samples: Object.fromEntries(all.map(({ name }) => [`GFLOP/s: ${name}`, of(name)])),
    shares,
  };
}
