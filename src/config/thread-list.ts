/** The text of `--threads`: one count, or several to sweep over. */

import { ExitCode, quoted, UserError } from '../user-error.js';

const mostThreads = 256;

/** `4`, `1,2,4`, `1..12`, `1..4,8`, `physical`, `logical`: the counts, each once, ascending. */
export function parseThreadList(text: string, cores: { physical: number; available: number }): number[] {
  const word = text.trim();
  if (word === 'physical') return [Math.min(cores.physical, mostThreads)];
  // Of the machine's logical CPUs, those that this process may use.
  if (word === 'logical') return [Math.min(cores.available, mostThreads)];
  const counts = word.split(',').flatMap((part) => partCounts(part.trim(), text));
  return [...new Set(counts)].sort((a, b) => a - b);
}

function partCounts(part: string, text: string): number[] {
  const [first = '', last = first, ...others] = part.split('..');
  if (others.length > 0) throw refusal(text, `${quoted(part)} is not a range`);
  const from = count(first, text);
  const to = count(last, text);
  if (from > to) throw refusal(text, `${from} is above ${to}`);
  return Array.from({ length: to - from + 1 }, (_, at) => from + at);
}

function count(digits: string, text: string): number {
  if (digits === '') throw refusal(text, 'a count is missing');
  if (!/^-?\d+$/.test(digits)) throw refusal(text, `${quoted(digits)} is not a whole number`);
  const value = Number(digits);
  if (value < 1) throw refusal(text, `${digits} is below 1`);
  if (value > mostThreads) throw refusal(text, `${digits} is above ${mostThreads}`);
  return value;
}

function refusal(text: string, reason: string): UserError {
  const expected = 'expected counts such as 4, 1,2,4 or 1..12, or physical or logical';
  return new UserError(`--threads: ${expected}, got ${quoted(text)}: ${reason}`, ExitCode.usage);
}
