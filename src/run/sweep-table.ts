/** A sweep over thread counts as a Markdown table (also what stdout shows) and as CSV for programs. */
import { markdownTable } from 'markdown-table';
import Papa from 'papaparse';
import { maximum, minimum } from '../numbers/statistics.js';
import { wholePercent } from '../numbers/words.js';

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

export function sweepMarkdown(rows: readonly SweepRow[]): string {
  const heading = [
    'threads',
    'median ms',
    'min–max ms',
    'images/s',
    'speed-up',
    'efficiency',
    'compute',
    'sync',
    'update',
    'note',
  ];
  const body = rows.map((row) => [
    String(row.threads),
    milliseconds(row.medianMs),
    row.samplesMs.length === 0
      ? '–'
      : `${milliseconds(minimum(row.samplesMs))}–${milliseconds(maximum(row.samplesMs))}`,
    String(Math.round(row.imagesPerSecond)).replace(/\B(?=(\d{3})+$)/g, ','),
    row.speedup === null ? '–' : `${row.speedup.toFixed(2)} ×`,
    row.efficiency === null ? '–' : wholePercent(row.efficiency),
    wholePercent(row.shares.compute),
    wholePercent(row.shares.synchronisation),
    wholePercent(row.shares.update),
    row.oversubscribed ? 'more threads than cores' : '',
  ]);
  return markdownTable([heading, ...body], { align: [...heading.slice(1).map(() => 'r'), 'l'] });
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

/** Enough digits to distinguish neighbouring rows: three or more significant. */
function milliseconds(ms: number): string {
  return ms.toFixed(ms >= 100 ? 0 : ms >= 10 ? 1 : 2);
}
