/**
 * Progress for people, on stderr: one line redrawn in place on a terminal, a plain line at intervals elsewhere.
 * Programs read the log instead (`log.ts`).
 */

import { grouped } from '../numbers/words.js';

export interface ProgressState {
  /** From 1. */
  epoch: number;
  epochs: number;
  /** Images trained on in this epoch so far, and in a whole epoch. */
  images: number;
  imagesPerEpoch: number;
  elapsedMs: number;
  imagesPerSecond: number | null;
  /** What a sample is. */
  unit?: 'image' | 'row';
  loss: number | null;
  /** Fraction (0–1) of the latest evaluation; it is shown until there is a newer one. */
  accuracy: number | null;
  /** Of the latest evaluation, if the run is judged by another metric than the accuracy. */
  metric?: { readonly name: string; readonly value: number } | null;
  /** An evaluation has just ended: a plain line is due regardless of the time. */
  evaluated?: boolean;
}

/** The members of a WriteStream that are used here, so that a test can imitate them. */
export interface ProgressStream {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

export interface ProgressOptions {
  stream: ProgressStream;
  quiet: boolean;
  /** By default: on a terminal, unless NO_COLOR is set or TERM is dumb. */
  color?: boolean;
  /** The environment and the clock (ms), for tests. */
  env?: Record<string, string | undefined>;
  now?: () => number;
}

export interface Progress {
  update(state: ProgressState): void;
  /** Writes a line that stays, above the progress line. */
  note(line: string): void;
  /** A warning: a line that stays, printed in quiet and finished runs too. */
  warn(line: string): void;
  /** Removes the progress line; nothing is drawn afterwards. Notes and plain lines stay. */
  finish(): void;
}

const REDRAW_MS = 100;
const PLAIN_MS = 2000;
const CLEAR_LINE = '\r\x1b[K';

/** Nothing is written when `quiet`. The first plain line comes after 2 s or the first evaluation. */
export function createProgress(options: ProgressOptions): Progress {
  const { stream, quiet, env = process.env, now = () => performance.now() } = options;
  if (quiet) return { update() {}, note() {}, warn: (line) => stream.write(`${line}\n`), finish() {} };
  const inPlace = stream.isTTY === true && env.TERM !== 'dumb';
  const color = options.color ?? (inPlace && !env.NO_COLOR);
  let lastMs = inPlace ? Number.NEGATIVE_INFINITY : now();
  let accuracy: number | null = null;
  let metric: ProgressState['metric'] = null;
  let shown = '';
  let finished = false;
  const above = (line: string) =>
    stream.write(finished || shown === '' ? `${line}\n` : `${CLEAR_LINE}${line}\n${shown}`);
  return {
    update(state) {
      if (finished) return;
      accuracy = state.accuracy ?? accuracy;
      metric = state.metric ?? metric;
      const nowMs = now();
      const due = nowMs - lastMs >= (inPlace ? REDRAW_MS : PLAIN_MS);
      if (!due && (inPlace || state.evaluated !== true)) return;
      lastMs = nowMs;
      const fields = progressFields({ ...state, accuracy, metric });
      if (inPlace) {
        // One column stays free: some terminals wrap after writing into the last one.
        shown = fit(fields, (stream.columns || 80) - 1, color);
        stream.write(CLEAR_LINE + shown);
      } else {
        stream.write(`${fit(fields, Number.POSITIVE_INFINITY, color)}\n`);
      }
    },
    note(line) {
      if (!finished) above(line);
    },
    warn: (line) => above(line),
    finish() {
      if (!finished && shown !== '') stream.write(CLEAR_LINE);
      finished = true;
    },
  };
}

interface Field {
  text: string;
  /** If columns are short, the field with the highest number is dropped first. */
  expendable: number;
  dim: boolean;
}

function progressFields(state: ProgressState): Field[] {
  const { epoch, epochs, images, imagesPerEpoch, elapsedMs, imagesPerSecond, loss, accuracy } = state;
  const { unit = 'image' } = state;
  const metric = state.metric ?? null;
  const done = (epoch - 1) * imagesPerEpoch + images;
  const remainingMs = done > 0 ? (elapsedMs / done) * Math.max(0, epochs * imagesPerEpoch - done) : null;
  const time = `${duration(elapsedMs)}<${remainingMs === null ? '?' : duration(remainingMs)}`;
  const fields: (Field | null)[] = [
    { text: `epoch ${epoch}/${epochs}`, expendable: 0, dim: false },
    { text: `${grouped(images)}/${grouped(imagesPerEpoch)}`, expendable: 4, dim: true },
    { text: time, expendable: 3, dim: true },
    imagesPerSecond === null
      ? null
      : { text: `${rate(imagesPerSecond)} ${unit}s/s`, expendable: 5, dim: true },
    loss === null ? null : { text: `loss ${loss.toFixed(4)}`, expendable: 2, dim: false },
    accuracy === null
      ? null
      : { text: `accuracy ${(accuracy * 100).toFixed(2)} %`, expendable: 1, dim: false },
    metric === null
      ? null
      : { text: `${metric.name} ${metric.value.toPrecision(4)}`, expendable: 1, dim: false },
  ];
  return fields.filter((field) => field !== null);
}

/** Drops whole fields until the line fits: a cut number would be a wrong number. */
function fit(fields: readonly Field[], columns: number, color: boolean): string {
  let kept = [...fields];
  while (kept.length > 1 && plain(kept).length > columns) {
    const worst = Math.max(...kept.map((field) => field.expendable));
    kept = kept.filter((field) => field.expendable !== worst);
  }
  if (plain(kept).length > columns) return plain(kept).slice(0, Math.max(0, columns));
  return color
    ? kept.map(({ text, dim }) => (dim ? `\x1b[2m${text}\x1b[22m` : text)).join('  ')
    : plain(kept);
}

function plain(fields: readonly Field[]): string {
  return fields.map((field) => field.text).join('  ');
}

function duration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 59.95) return `${seconds.toFixed(1)}s`;
  const whole = Math.round(seconds);
  const two = (value: number) => String(value).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)}m${two(whole % 60)}s`;
  return `${Math.floor(whole / 3600)}h${two(Math.floor(whole / 60) % 60)}m`;
}

function rate(perSecond: number): string {
  if (perSecond < 999.5) return perSecond.toFixed(0);
  if (perSecond < 999_500) return `${(perSecond / 1e3).toFixed(perSecond < 9950 ? 1 : 0)}k`;
  return `${(perSecond / 1e6).toFixed(2)}M`;
}
