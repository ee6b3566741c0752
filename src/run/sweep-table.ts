/** A sweep over thread counts as a Markdown table (also what stdout shows) and as CSV for programs. */
import { markdownTable } from 'markdown-table';
import Papa from 'papaparse';
import { type Column, tabulated } from '../numbers/columns.js';
import { grouped, msRange, tableMs, wholePercent } from '../numbers/words.js';

export interface SweepRow {
  threads: number;
  /** One time per repeat, in the order measured. */
  samplesMs: number[];
  medianMs: number;
  imagesPerSecond: number;
  /** Relative to the sweep's baseline; null if there is none. `efficiency` is speed-up over threads. */
  speedup: number | null;
  efficiency: number | null;
  /** More threads than available cores. */
  oversubscribed: boolean;
  /** Fractions (0–1) of the workers' time. */
  shares: { compute: number; synchronisation: number; update: number };
}

const columns: readonly Column<SweepRow>[] = [
  ['threads', 'r', (row) => `${row.threads}`],
  ['median ms', 'r', (row) => tableMs(row.medianMs)],
  ['min–max ms', 'r', ({ samplesMs }) => msRange(samplesMs)],
  ['images/s', 'r', (row) => grouped(row.imagesPerSecond)],
  ['speed-up', 'r', (row) => (row.speedup === null ? '–' : `${row.speedup.toFixed(2)} ×`)],
  ['efficiency', 'r', (row) => (row.efficiency === null ? '–' : wholePercent(row.efficiency))],
  ['compute', 'r', (row) => wholePercent(row.shares.compute)],
  ['sync', 'r', (row) => wholePercent(row.shares.synchronisation)],
  ['update', 'r', (row) => wholePercent(row.shares.update)],
  ['note', 'l', noteOn],
];

export function sweepMarkdown(sweep: readonly SweepRow[]): string {
  const { heading, align, rows } = tabulated(columns, sweep);
  return markdownTable([heading, ...rows], { align });
}

/** Full precision; samples share one cell, joined by `;`; a null is an empty cell. Ends with a line break. */
export function sweepCsv(rows: readonly SweepRow[]): string {
  const records = rows.map((row) => ({
    threads: row.threads,
    samples_ms: row.samplesMs.join(';'),
    median_ms: row.medianMs,
    images_per_second: row.imagesPerSecond,
    speedup: row.speedup,
    efficiency: row.efficiency,
    oversubscribed: row.oversubscribed,
    compute_share: row.shares.compute,
    synchronisation_share: row.shares.synchronisation,
    update_share: row.shares.update,
  }));
  return `${Papa.unparse(records, { newline: '\n' })}\n`;
}

/** Threads that share no cache with each other gain a little more than their number; far more is an unsteady machine. */
const mostEfficiency = 1.15;

function noteOn({ oversubscribed, efficiency }: SweepRow): string {
  if (oversubscribed) return 'more threads than cores';
  return (efficiency ?? 0) > mostEfficiency ? 'unsteady times: one thread was slower than its share' : '';
}
