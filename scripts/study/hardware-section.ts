/** The machines of the records, as tables: reported facts and measured speeds. */
import { table } from '../../dist/numbers/columns.js';
import { newestBy } from '../performance/read-records.ts';

interface Recorded {
  readonly date: string;
  readonly machine: Readonly<Record<string, unknown>>;
}

const bytes = (value: number) => {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  const unit = Math.min(units.length - 1, Math.floor(Math.log2(value) / 10));
  return `${Number((value / 2 ** (10 * unit)).toPrecision(3))} ${units[unit]}`;
};

const text = (value: unknown) => (typeof value === 'string' ? value : null);
const figure = (shown: (value: number) => string) => (value: unknown) =>
  typeof value === 'number' ? shown(value) : null;
const [number, rounded, size] = [figure(String), figure((value) => value.toFixed(1)), figure(bytes)];

/** Fact → words, in the order of the table. */
const rows: readonly [string, string, (value: unknown) => string | null][] = [
  ['processor', 'processor', text],
  ['cores', 'physical cores', number],
  ['logicalCores', 'logical cores', number],
  ['baseGHz', 'base frequency, GHz', number],
  ['boostGHz', 'boost frequency, GHz', number],
  ['l1dBytes', 'first-level data cache', size],
  ['l2Bytes', 'second-level cache', size],
  ['l3Bytes', 'third-level cache', size],
  ['memoryTotalBytes', 'memory', size],
  ['simd', 'SIMD', (value) => (Array.isArray(value) ? value.join(' ') : null)],
  ['virtualisation', 'virtualisation', text],
  ['os', 'operating system', text],
  ['node', 'Node.js', text],
  ['v8', 'V8', text],
  ['wasmLevel', 'WebAssembly kernels', text],
  ['gflops', 'measured on one core, GFLOP/s (float32)', rounded],
  ['bandwidthGBs', 'measured on one core, GB/s', rounded],
];

/** One column for each processor, from its newest record. */
export function hardwareSection(records: readonly Recorded[]): string[] {
  const title = '## Hardware';
  const about =
    'Facts reported by the machine of each record, with the measured speed of one core; facts that it does not report are omitted. The ' +
    'hardware section of the notebook that this project began with contradicts itself, so nothing of it is repeated here.';
  const machines = [...newestBy(records, ({ machine }) => String(machine.processor)).values()];
  if (machines.length === 0) return [title, about, 'Not measured yet.'];
  const body = rows.flatMap(([fact, name, shown]) => {
    const cells = machines.map(({ machine }) => shown(machine[fact]) ?? '–');
    return cells.every((cell) => cell === '–') ? [] : [[name, ...cells]];
  });
  const heading = ['', ...machines.map(({ date }) => `record of ${date.slice(0, 10)}`)];
  return [title, about, table([heading, ...body], 'l'.repeat(heading.length))];
}
