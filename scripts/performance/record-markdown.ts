/** Bars and records as Markdown: record.md beside each record, and the sections of docs/PERFORMANCE.md. */
import { table } from '../../dist/numbers/columns.js';
import type { Bar, BenchRecord, Machine, Table } from './record-format.ts';

/** Three significant digits, or the whole number if it has more; thousands separated. */
export function figure(value: number): string {
  const rounded = Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
  return rounded.toLocaleString('en-US', { maximumFractionDigits: 6 });
}

const withUnit = (text: string, unit: string) => (unit === '' ? text : `${text} ${unit}`);

/** `≤ 4 ms` */
export function limitOf({ direction, limit, unit }: Pick<Bar, 'direction' | 'limit' | 'unit'>): string {
  return `${direction === 'at most' ? '≤' : '≥'} ${withUnit(figure(limit), unit)}`;
}

/** `3.86 (3.61–5.02) ms, 100 samples` */
export function measuredOf({ measured, unit }: Pick<Bar, 'measured' | 'unit'>): string {
  if (measured === null) return 'not measured';
  if (typeof measured === 'number') return withUnit(figure(measured), unit);
  const { median, min, max, count } = measured;
  const samples = `${count} sample${count === 1 ? '' : 's'}`;
  return `${withUnit(`${figure(median)} (${figure(min)}–${figure(max)})`, unit)}, ${samples}`;
}

export function verdictOf({ met }: Pick<Bar, 'met'>): string {
  if (met === null) return '–';
  return met ? 'met' : '**missed**';
}

export function barTable(bars: readonly Bar[]): string {
  const rows = bars.map((bar) => [
    bar.text,
    limitOf(bar),
    measuredOf(bar),
    verdictOf(bar),
    `\`${bar.command}\``,
  ]);
  return table([['bar', 'limit', 'median (min–max)', 'verdict', 'command'], ...rows], 'lrrll');
}

/** A list item for each bar that was missed or has an explanation; empty if there are none. */
export function explanations(bars: readonly Bar[]): string[] {
  return bars
    .filter((bar) => bar.met === false || bar.explanation !== undefined)
    .map((bar) => {
      const why = bar.explanation ?? 'not explained yet';
      return `- ${bar.text}: ${bar.met === false ? 'missed; ' : ''}${why}`;
    });
}

/** Everything in a record except its bars and samples; `level` is that of the tables' headings. */
export function recordBody(record: BenchRecord, level: number): string {
  const { date, command, machine, commit, tables, notes } = record;
  const when = `Measured on ${date.slice(0, 10)} by \`${command}\``;
  const which = commit === null ? '' : `, commit ${shortCommit(commit)}`;
  return [
    `${when}${which}.`,
    machineText(machine),
    ...notes,
    ...tables.map((table) => tableSection(table, level)),
  ].join('\n\n');
}

export function recordMarkdown(record: BenchRecord): string {
  const why = explanations(record.bars);
  return `${[
    `# ${record.bench}, ${record.date.slice(0, 10)}`,
    ...(record.bars.length === 0 ? [] : [barTable(record.bars)]),
    ...(why.length === 0 ? [] : [why.join('\n')]),
    recordBody(record, 2),
    'All samples are in record.json.',
  ].join('\n\n')}\n`;
}

function tableSection({ title, note, rows }: Table, level: number): string {
  const heading = `${'#'.repeat(level)} ${title}`;
  return [heading, ...(note === undefined ? [] : [note]), table(rows)].join('\n\n');
}

function machineText(machine: Machine): string {
  const { processor, cores, node, v8, wasmLevel, os, virtualisation, loadAtStart } = machine;
  const virtual =
    typeof virtualisation === 'string' && virtualisation !== 'none' ? `virtual (${virtualisation})` : null;
  const parts = [
    processor,
    `${cores} core${cores === 1 ? '' : 's'}`,
    virtual,
    typeof os === 'string' ? os : null,
    `Node ${node}`,
    `V8 ${v8}`,
    `WebAssembly ${wasmLevel}`,
    typeof loadAtStart === 'number' ? `load average ${loadAtStart.toFixed(2)} before it` : null,
  ];
  return `${parts.filter((part) => part !== null).join(', ')}.`;
}

/** The first digits of the hash, and whether the files had changes. */
function shortCommit(commit: string): string {
  return commit.endsWith('+') ? `${commit.slice(0, 10)} with changes` : commit.slice(0, 10);
}
