/**
 * The number of cores that this process may use: topology, affinity (`taskset`) and container quotas combined. This
 * module only counts; the kind and features of the cores are on the hardware card (`hardware.ts`).
 */
import os from 'node:os';
import path from 'node:path';
import { cgroupsOf, readText } from '../memory/cgroups.js';
import { plural } from '../numbers/words.js';
import { type Core, coreSpeeds } from './core-speeds.js';
import { canPin } from './pin-thread.js';

export interface CoreCount {
  /** Physical cores among the CPUs that this process may run on, never more than `available`; at least 1. */
  physical: number;
  /** Logical CPUs that are online in the machine, including those that this process may not use. */
  logical: number;
  /** CPUs' worth of time that affinity and cgroup quotas leave to this process; at least 1. */
  available: number;
  /** Why that is less than the machine has, in words; null if it is not less. */
  limit?: string | null;
  /** The usable cores, fastest first; empty if they are alike. */
  speeds?: readonly Core[];
  /** Whether a thread can be kept on a core. */
  pins?: boolean;
}

/** The source of the counts; a test points `root` at an artificial /sys and /proc. */
export interface CoreSources {
  platform?: NodeJS.Platform;
  root?: string;
  parallelism?: number;
}

/** Counts cores in well under 5 ms on Linux (no child process); elsewhere by systeminformation. */
export async function countCores(sources: CoreSources = {}): Promise<CoreCount> {
  const platform = sources.platform ?? process.platform;
  const root = sources.root ?? '/';
  const parallelism = sources.parallelism ?? os.availableParallelism();
  if (platform !== 'linux') return clampedCount(await physicalElsewhere(), os.cpus().length, parallelism);

  const online = cpusIn(read(root, 'sys/devices/system/cpu/online'));
  const logical = online.length > 0 ? online.length : os.cpus().length;
  const quota = cgroupCores(root);
  const available = Math.min(parallelism, quota === null ? Number.POSITIVE_INFINITY : wholeCpus(quota));
  const affinity = new Set(cpusIn(statusField(root, 'Cpus_allowed_list')));
  const usable = online.filter((cpu) => affinity.size === 0 || affinity.has(cpu));
  const cores = coresOf(root, usable);
  const counted = clampedCount(cores?.length ?? (await physicalElsewhere()), logical, available);
  const speeds = coreSpeeds(root, cores ?? []).slice(0, counted.physical);
  return {
    ...counted,
    limit: limitOf(counted, quota, usable.length),
    speeds,
    pins: speeds.length > 0 && canPin(),
  };
}

function limitOf({ available, logical }: CoreCount, quota: number | null, usable: number): string | null {
  if (available >= logical) return null;
  if (quota !== null && wholeCpus(quota) < usable)
    return `a cgroup quota of ${plural(Number(quota.toFixed(2)), 'CPU')}`;
  if (usable > 0 && usable < logical)
    return `the affinity of the process (taskset, cpuset), ${usable} of ${logical} CPUs`;
  return `${available} of ${logical} CPUs`;
}

/** The CPU numbers in a kernel list: `0-2,5` is [0, 1, 2, 5]; null or invalid text is []. */
export function cpusIn(list: string | null): number[] {
  const cpus: number[] = [];
  for (const range of (list ?? '').trim().split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(range.trim());
    if (match === null) continue;
    const first = Number(match[1]);
    const last = match[2] === undefined ? first : Number(match[2]);
    for (let cpu = first; cpu <= last; cpu++) cpus.push(cpu);
  }
  return cpus;
}

function clampedCount(physical: number | null, logical: number, available: number): CoreCount {
  const usable = Math.max(1, available);
  return { physical: Math.max(1, Math.min(physical ?? usable, usable)), logical, available: usable };
}

/** The first CPU of each distinct core behind these, one sysfs read a core; null when the topology is hidden. */
function coresOf(root: string, cpus: readonly number[]): number[] | null {
  const covered = new Set<number>();
  const coreIds = new Set<string>();
  const cores: number[] = [];
  for (const cpu of cpus) {
    if (covered.has(cpu)) continue;
    const topology = `sys/devices/system/cpu/cpu${cpu}/topology`;
    // The older name of the same list; kernels before 5.3 have only this one.
    const siblings = cpusIn(
      read(root, `${topology}/core_cpus_list`) ?? read(root, `${topology}/thread_siblings_list`),
    );
    if (siblings.length > 0) {
      cores.push(cpu);
      for (const sibling of siblings) covered.add(sibling);
      continue;
    }
    const coreId = read(root, `${topology}/core_id`);
    if (coreId === null) return null;
    const core = `${read(root, `${topology}/physical_package_id`) ?? '0'}:${coreId}`;
    if (coreIds.has(core)) continue;
    coreIds.add(core);
    cores.push(cpu);
  }
  return cores.length > 0 ? cores : null;
}

/** Rounded up: half a CPU is used by one thread. */
const wholeCpus = (quota: number): number => Math.max(1, Math.ceil(quota));

/** The tightest cgroup quota above this process in CPUs; null when there is none. */
function cgroupCores(root: string): number | null {
  const quotas = cgroupsOf('cpu', root).map(({ version, folder }) =>
    version === 2 ? quotaV2(read(root, `${folder}/cpu.max`)) : quotaV1(root, folder),
  );
  const tightest = Math.min(...quotas);
  return Number.isFinite(tightest) ? tightest : null;
}

/** `cpu.max` is `<quota µs or max> <period µs>`; the result is in CPUs. */
function quotaV2(text: string | null): number {
  const [quotaUs, periodUs] = (text ?? 'max').split(/\s+/);
  return cpus(Number(quotaUs), Number(periodUs));
}

/** The v1 pair of files; a quota of -1 means none. */
function quotaV1(root: string, folder: string): number {
  return cpus(
    Number(read(root, `${folder}/cpu.cfs_quota_us`) ?? -1),
    Number(read(root, `${folder}/cpu.cfs_period_us`)),
  );
}

function cpus(quotaUs: number, periodUs: number): number {
  return quotaUs > 0 && periodUs > 0 ? quotaUs / periodUs : Number.POSITIVE_INFINITY;
}

function statusField(root: string, name: string): string | null {
  const match = new RegExp(`^${name}:\\s*(\\S+)$`, 'm').exec(read(root, 'proc/self/status') ?? '');
  return match?.[1] ?? null;
}

/** The trimmed text of a kernel file, null if it cannot be read: a hidden /sys is normal in containers. */
const read = (root: string, file: string): string | null => readText(path.join(root, file))?.trim() ?? null;

async function physicalElsewhere(): Promise<number | null> {
  try {
    const { default: si } = await import('systeminformation');
    const { physicalCores } = await si.cpu();
    return physicalCores > 0 ? physicalCores : null;
  } catch {
    return null;
  }
}
