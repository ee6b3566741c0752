/** Numbers as text: enough digits to distinguish values, always with units. */
import type { Interval } from './bootstrap.js';
import { maximum, minimum } from './statistics.js';

/** Three significant digits, thousands grouped; no exponent. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? '–' : value > 0 ? 'unbounded' : '−∞';
  if (value === 0) return '0';
  const size = Math.floor(Math.log10(Math.abs(value)));
  return value.toLocaleString('en', {
    maximumFractionDigits: Math.min(6, Math.max(0, 2 - size)),
    minimumFractionDigits: size >= 0 && size < 2 ? 2 - size : 0,
  });
}

export const milliseconds = (ms: number): string =>
  ms >= 10_000 ? `${digits(ms / 1000)} s` : `${digits(ms)} ms`;

/** In a column of milliseconds: enough digits to distinguish neighbouring rows, three or more significant. */
export const tableMs = (ms: number): string => ms.toFixed(ms >= 100 ? 0 : ms >= 10 ? 1 : 2);

export const msRange = (samples: readonly number[]): string =>
  samples.length === 0 ? '–' : `${tableMs(minimum(samples))}–${tableMs(maximum(samples))}`;

/** A whole number, thousands grouped. */
export const grouped = (value: number): string => String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',');

/** Cut to two decimals instead of rounded: 96.996 % must not read as a 97.00 % that missed its target of 97. */
export const percent = (fraction: number): string =>
  `${(Math.floor(fraction * 1e4 + 1e-6) / 100).toFixed(2)} %`;

export const wholePercent = (fraction: number): string => `${(fraction * 100).toFixed(0)} %`;

export const interval = ({ low, high }: Interval, show: (value: number) => string = digits): string =>
  `${show(low)}–${show(high)}`;

export const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** For a terminal: a name from another machine must not move the cursor or colour the text after it. */
export const printable = (text: string): string => text.replace(/(?!\n)\p{Cc}/gu, '�');

/** `a, b or c`. */
export const alternatives = (list: readonly string[]): string =>
  list.length < 2 ? list.join() : `${list.slice(0, -1).join(', ')} or ${list.at(-1)}`;
