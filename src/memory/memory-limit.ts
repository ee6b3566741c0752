/**
 * The memory that the machine or a container leaves to this process. The kernel ends a process that takes more, without
 * a message. So large needs are compared with the limit first.
 */
import os from 'node:os';
import { UserError } from '../user-error.js';
import { type Cgroup, cgroupsOf, readText } from './cgroups.js';

const mebibyte = 2 ** 20;

export interface MemoryLimit {
  /** With swap. */
  readonly bytes: number;
  /** Where it comes from, in words. */
  readonly source: string;
}

/** The tightest limit. `root`: a test points it at an artificial /proc and /sys. */
export function memoryLimit(root = ''): MemoryLimit {
  const meminfo = readText(`${root}/proc/meminfo`) ?? '';
  const kibibytes = (name: string) => new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(meminfo)?.[1];
  const total = kibibytes('MemTotal');
  const swap = Number(kibibytes('SwapTotal') ?? 0) * 1024;
  const machine = total === undefined ? os.totalmem() : Number(total) * 1024 + swap;
  const limits = cgroupsOf('memory', root).flatMap((group) => limitOf(group, root, swap));
  return [...limits, { bytes: machine, source: 'memory of this machine' }].reduce((tightest, each) =>
    each.bytes < tightest.bytes ? each : tightest,
  );
}

function limitOf({ version, folder }: Cgroup, root: string, swap: number): MemoryLimit[] {
  const read = (name: string) => limitIn(readText(`${root}/${folder}/${name}`));
  const name = version === 2 ? 'memory.max' : 'memory.limit_in_bytes';
  const memory = read(name);
  if (memory === null) return [];
  const both =
    version === 2 ? memory + (read('memory.swap.max') ?? swap) : read('memory.memsw.limit_in_bytes');
  const bytes = Math.min(memory + swap, both ?? memory + swap);
  return [{ bytes, source: `memory limit of the container (/${folder}/${name})` }];
}

/** Null without a file or without a limit: `max`, or in version 1 the largest number of pages. */
function limitIn(text: string | null): number | null {
  const bytes = /^\d+$/.test(text?.trim() ?? '') ? Number(text) : null;
  return bytes === null || bytes >= 2 ** 60 ? null : bytes;
}

/** Each check reads files, so small needs are not checked: one of them is rarely the first that does not fit. */
const leastChecked = mebibyte;

/** What the limit leaves, if `bytes` more are too many; else null. */
export function memoryLeft(
  bytes: number,
  { root = '', usedBytes = process.memoryUsage.rss() } = {},
): MemoryLimit | null {
  if (bytes < leastChecked) return null;
  const limit = memoryLimit(root);
  const left = Math.max(0, limit.bytes - usedBytes);
  return bytes <= left ? null : { bytes: left, source: limit.source };
}

/**
 * Compares the sum of `parts`, bytes by name, and what the process already has with the limit.
 * @param lower what the user may lower, in words.
 * @throws UserError with the sum by part, the limit and its source.
 */
export function requireMemory(
  parts: Readonly<Record<string, number>>,
  lower: string,
  { root = '', usedBytes = process.memoryUsage.rss() } = {},
): void {
  const needed = sumOf(parts);
  if (needed < leastChecked) return;
  const limit = memoryLimit(root);
  if (needed + usedBytes <= limit.bytes) return;
  const used = Math.ceil(usedBytes / mebibyte);
  throw new UserError(
    `this run needs ${inMebibytes(needed)} of memory (${partWords(parts)}) beside the ${used} MiB in use, more than ` +
      `the ${Math.floor(limit.bytes / mebibyte)} MiB that the ${limit.source} allows: ${lower}`,
  );
}

const sumOf = (parts: Readonly<Record<string, number>>) =>
  Object.values(parts).reduce((sum, bytes) => sum + bytes, 0);

const inMebibytes = (bytes: number) => `${Math.ceil(bytes / mebibyte)} MiB`;

/** The largest first; parts of less than 1 MiB are left out. */
export function partWords(parts: Readonly<Record<string, number>>): string {
  return Object.entries(parts)
    .filter(([, bytes]) => bytes >= mebibyte)
    .sort(([, a], [, b]) => b - a)
    .map(([name, bytes]) => `${name} ${inMebibytes(bytes)}`)
    .join(', ');
}
