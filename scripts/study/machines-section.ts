/** The newest machine of the records beside the one before it: what both have measured, by bar and in the peers' race. */
import { table } from '../../dist/numbers/columns.js';
import { measures, shownOf, times } from '../performance/peers/measures.ts';
import { summarise } from '../performance/peers/summary.ts';
import { newestBy } from '../performance/read-records.ts';
import type { Bar, BenchRecord } from '../performance/record-format.ts';
import { figure } from '../performance/record-markdown.ts';

/** The records of one benchmark: of the newest machine, and of the other one. */
interface Pair {
  readonly now: BenchRecord;
  readonly other: BenchRecord;
}

/** Empty if no benchmark has records of two processors. */
export function machinesSection(records: Iterable<BenchRecord>): string[] {
  const pairs = pairsOf([...records]);
  if (pairs.length === 0) return [];
  const { now, other } = pairs[0];
  const [here, there] = [now, other].map(({ machine }) => machine.processor);
  const heading = ['', here, there, 'ratio'];
  const races = pairs.flatMap(raceRows);
  return [
    '## Two machines',
    `The newest records of each benchmark that ran on both: ${here} (commit ${commitsOf(pairs.map((pair) => pair.now))}) and ${there} (commit ` +
      `${commitsOf(pairs.map((pair) => pair.other))}). The ratio is the first over the second: below 1, ${here} takes less time, or has the lower ` +
      'rate. The commits differ, so the ratios of shardstep contain the changes of the program between them. ' +
      'The other libraries had the same versions on both machines unless the table shows two: their ratios are of the machines alone.',
    '### Bars on both machines',
    table([heading, ...pairs.flatMap(barRows)], 'lrrr'),
    ...(races.length === 0
      ? []
      : ["### The peers' race on both machines", table([heading, ...races], 'lrrr')]),
  ];
}

/** By benchmark, newest first: the newest record, and the newest of another processor. */
function pairsOf(records: readonly BenchRecord[]): Pair[] {
  const newest = newestBy(records, ({ bench, machine }) => `${bench} ${machine.processor}`);
  const byDate = [...newest.values()].sort((a, b) => Date.parse(b.date) - Date.parse(a.date));
  return [...new Set(byDate.map(({ bench }) => bench))].flatMap((bench) => {
    const [now, other] = byDate.filter((record) => record.bench === bench);
    return other === undefined ? [] : [{ now, other }];
  });
}

const commitsOf = (records: readonly BenchRecord[]): string =>
  [...new Set(records.map(({ commit }) => commit?.slice(0, 10) ?? 'unknown'))].join(', ');

function barRows({ now, other }: Pair): string[][] {
  return now.bars.flatMap((bar) => {
    const twin = other.bars.find(({ id }) => id === bar.id);
    const [a, b] = [middleOf(bar), twin === undefined ? null : middleOf(twin)];
    if (a === null || b === null || twin === undefined) return [];
    return [[bar.text, measured(bar), measured(twin), ratio(a, b)]];
  });
}

const middleOf = ({ measured: value }: Bar): number | null =>
  typeof value === 'object' ? (value?.median ?? null) : value;

/** `3.53 ms (2.89–15.6)` */
function measured({ measured: value, unit }: Bar): string {
  if (value === null) return '–';
  if (typeof value === 'number') return `${figure(value)} ${unit}`;
  return `${figure(value.median)} ${unit} (${figure(value.min)}–${figure(value.max)})`;
}

const ratio = (a: number, b: number): string => (b === 0 ? '–' : times(a / b));

/** Times to the target of the contestants that ran in both races. */
function raceRows({ now, other }: Pair): string[][] {
  if (now.peers === undefined || other.peers === undefined) return [];
  const theirs = summarise(other.peers);
  const timed = measures([]).filter(({ id }) => id === 'resident' || id === 'cold');
  return summarise(now.peers).flatMap((summary) => {
    const { name, label, version } = summary.result;
    const twin = theirs.find(({ result }) => result.name === name);
    if (twin === undefined) return [];
    const versions = version === twin.result.version ? version : `${version}, ${twin.result.version}`;
    return timed.flatMap((measure) => {
      const [a, b] = [measure.value(summary), measure.value(twin)];
      if (a === null || b === null) return [];
      const what = `${label}${versions === null ? '' : ` ${versions}`}: ${measure.heading}`;
      return [[what, shownOf(measure, summary), shownOf(measure, twin), ratio(a, b)]];
    });
  });
}
