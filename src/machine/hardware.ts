/**
 * The hardware card: the machine on which a result was measured. Facts that the machine does not report are null, never
 * guessed. Gathering takes tens of milliseconds (systeminformation starts child processes), so it runs in parallel with
 * the work or after it, never on a timed path.
 */
import { readFileSync } from 'node:fs';
import os from 'node:os';
import type { Systeminformation } from 'systeminformation';
import { countCores } from './cores.js';

export interface HardwareFacts {
  processor: string | null;
  vendor: string | null;
  baseGHz: number | null;
  boostGHz: number | null;
  physicalCores: number | null;
  logicalCores: number | null;
  availableCores: number | null;
  /** Bytes of one cache as seen by the first core (L3: shared with its neighbours). */
  l1dBytes: number | null;
  l1iBytes: number | null;
  l2Bytes: number | null;
  l3Bytes: number | null;
  /** Features relevant to kernels, by the kernel's names; null if the flags cannot be read. */
  simd: string[] | null;
  memoryTotalBytes: number | null;
  memoryFreeBytes: number | null;
  /** The hypervisor's name, `virtual` if it has no name, `none` on bare metal. */
  virtualisation: string | null;
  os: string | null;
  kernel: string | null;
  arch: string;
  node: string;
  v8: string;
  /** What reported the facts; absent in logs that are older than this key. */
  from?: 'systeminformation' | 'node:os';
}

export interface TensorFlowVersions {
  /** Versions of the JavaScript package, and of its C library. */
  readonly tfjsNode: string;
  readonly tensorflow: string;
}

/** Results of the start-up measurement: WebAssembly feature level, float32 GFLOP/s, memory GB/s. */
export interface MeasuredSpeed {
  wasmLevel: string;
  gflops: number | null;
  bandwidthGBs: number | null;
}

/** The four calls of systeminformation that the card needs; a test supplies its own. */
export interface HardwareSource {
  cpu(): Promise<Systeminformation.CpuData>;
  mem(): Promise<Systeminformation.MemData>;
  osInfo(): Promise<Systeminformation.OsData>;
  system(): Promise<Systeminformation.SystemData>;
}

const INTERESTING =
  /^(sse4_[12]|avx|avx2|avx_vnni|f16c|fma|avx512(f|bw|vl|_vnni|_bf16|_fp16)|amx_\w+|asimd|asimddp|i8mm|bf16|sve2?)$/;

/** Never rejects and never takes longer than `timeoutMs` for the sub-calls (in parallel). */
export async function gatherHardware(
  load: () => Promise<HardwareSource> = async () => (await import('systeminformation')).default,
  timeoutMs = 3000,
): Promise<HardwareFacts> {
  const source = await orNull(load, timeoutMs);
  const ask = <T>(call: (from: HardwareSource) => Promise<T>) =>
    source === null ? Promise.resolve(null) : orNull(() => call(source), timeoutMs);
  const [cores, cpu, memory, system, machine] = await Promise.all([
    orNull(countCores, timeoutMs),
    ask((from) => from.cpu()),
    ask((from) => from.mem()),
    ask((from) => from.osInfo()),
    ask((from) => from.system()),
  ]);
  const osName = [text(system?.distro), text(system?.release)].filter((part) => part !== null).join(' ');
  return {
    processor: text(cpu && `${cpu.manufacturer} ${cpu.brand}`) ?? text(os.cpus()[0]?.model),
    vendor: text(cpu?.vendor),
    ...frequencies(cpu),
    physicalCores: positive(cpu?.physicalCores),
    logicalCores: cores?.logical ?? null,
    availableCores: cores?.available ?? null,
    ...caches(cpu),
    simd: simdFeatures(cpu?.flags),
    memoryTotalBytes: positive(memory?.total) ?? positive(os.totalmem()),
    memoryFreeBytes: positive(memory?.available) ?? positive(os.freemem()),
    virtualisation:
      machine === null ? null : machine.virtual ? (text(machine.virtualHost) ?? 'virtual') : 'none',
    os: text(osName),
    kernel: text(system?.kernel) ?? text(os.release()),
    arch: process.arch,
    node: process.versions.node,
    v8: process.versions.v8,
    from: source === null ? 'node:os' : 'systeminformation',
  };
}

/** The package is optional. */
const without = 'facts of node:os alone; for all of them: npm i systeminformation';

/** Lines for people, `label` padded to 11 columns; unknown facts are omitted. */
export function hardwareLines(
  facts: HardwareFacts,
  measured: MeasuredSpeed | null,
  tensorflow: TensorFlowVersions | null = null,
): string[] {
  const line = (label: string, parts: (string | null | false)[]) => {
    const known = parts.filter((part) => typeof part === 'string' && part !== '');
    return known.length === 0 ? [] : [`${label.padEnd(11)}${known.join(', ')}`];
  };
  const some = (value: number | null, show: (value: number) => string) => value !== null && show(value);
  return [
    ...line('processor', [facts.processor]),
    ...line('cores', [
      some(facts.physicalCores, (n) => `${n} physical`),
      some(facts.logicalCores, (n) => `${n} logical`),
      some(facts.availableCores, (n) => `${n} available`),
    ]),
    ...line('frequency', [
      some(facts.baseGHz, (n) => `base ${n.toFixed(2)} GHz`),
      some(facts.boostGHz, (n) => `boost ${n.toFixed(2)} GHz`),
      facts.baseGHz === null && facts.boostGHz === null && 'not reported',
    ]),
    ...line('caches', [
      some(facts.l1dBytes, (n) => `L1d ${binary(n)}`),
      some(facts.l1iBytes, (n) => `L1i ${binary(n)}`),
      some(facts.l2Bytes, (n) => `L2 ${binary(n)}`),
      some(facts.l3Bytes, (n) => `L3 ${binary(n)}`),
    ]),
    ...line('SIMD', [facts.simd === null ? null : facts.simd.join(' ') || 'none of interest']),
    ...line('memory', [
      some(facts.memoryTotalBytes, (n) => binary(n)),
      some(facts.memoryFreeBytes, (n) => `${binary(n)} free`),
    ]),
    ...line('machine', [
      facts.virtualisation &&
        (facts.virtualisation === 'none' ? 'no hypervisor seen' : `virtual (${facts.virtualisation})`),
      facts.os,
      facts.kernel && `kernel ${facts.kernel}`,
      facts.arch,
    ]),
    ...line('runtime', [`Node ${facts.node}`, `V8 ${facts.v8}`]),
    ...(tensorflow === null
      ? []
      : line('TensorFlow', [tensorflow.tensorflow, `tfjs-node ${tensorflow.tfjsNode}`])),
    ...(measured === null
      ? []
      : line('measured', [
          `WebAssembly ${measured.wasmLevel}`,
          some(measured.gflops, (n) => `${n.toFixed(1)} GFLOP/s`),
          some(measured.bandwidthGBs, (n) => `${n.toFixed(1)} GB/s`),
        ])),
    ...(facts.from === 'node:os' ? line('note', [without]) : []),
  ];
}

/** The result, or null if the call throws or is late. The timer never keeps the process alive by itself. */
async function orNull<T>(call: () => Promise<T>, timeoutMs: number): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, null);
  });
  try {
    return await Promise.race([call(), late]);
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * systeminformation's `speed` falls back on tables, the momentary clock or a timer's frequency, so the base is read
 * from the model name or the kernel instead. Its `speedMax` is a boost clock on Linux, the base clock on Windows, and a
 * copy of `speed` on macOS.
 */
function frequencies(cpu: Systeminformation.CpuData | null): {
  baseGHz: number | null;
  boostGHz: number | null;
} {
  const named = /@\s*([\d.]+)\s*GHz/i.exec(os.cpus()[0]?.model ?? '');
  const base =
    positive(Number(named?.[1])) ??
    scaled(sysfs('cpufreq/base_frequency'), 1e-6) ??
    scaled(sysfs('acpi_cppc/nominal_freq'), 1e-3);
  const maximum = positive(cpu?.speedMax);
  if (process.platform === 'win32') return { baseGHz: base ?? maximum, boostGHz: null };
  return { baseGHz: base, boostGHz: process.platform === 'linux' ? maximum : null };
}

/** sysfs has the size of one cache; lscpu, which systeminformation uses on Linux, has the sum of all. */
function caches(cpu: Systeminformation.CpuData | null) {
  const found = new Map<string, number | null>();
  for (let index = 0; index < 8; index++) {
    const level = sysfs(`cache/index${index}/level`);
    const size = /^(\d+)([KM]?)$/.exec(sysfs(`cache/index${index}/size`) ?? '');
    if (level === null || size === null) continue;
    const kind = { Data: 'd', Instruction: 'i' }[sysfs(`cache/index${index}/type`) ?? ''] ?? '';
    found.set(`${level}${kind}`, scaled(size[1] ?? null, { K: 1024, M: 1024 ** 2 }[size[2] ?? ''] ?? 1));
  }
  const elsewhere = process.platform === 'linux' ? undefined : cpu?.cache;
  return {
    l1dBytes: found.get('1d') ?? positive(elsewhere?.l1d),
    l1iBytes: found.get('1i') ?? positive(elsewhere?.l1i),
    l2Bytes: found.get('2') ?? positive(elsewhere?.l2),
    l3Bytes: found.get('3') ?? positive(elsewhere?.l3),
  };
}

/** Names in Linux's spelling; macOS writes `sse4.2` and `avx1.0`. */
function simdFeatures(flags: string | undefined): string[] | null {
  if (text(flags) === null) return null;
  const names = (flags ?? '').toLowerCase().split(/\s+/);
  const unified = names.map((name) => name.replace('sse4.', 'sse4_').replace('avx1.0', 'avx'));
  return unified.filter((name) => INTERESTING.test(name));
}

function sysfs(file: string): string | null {
  try {
    return readFileSync(`/sys/devices/system/cpu/cpu0/${file}`, 'utf8').trim();
  } catch {
    return null;
  }
}

function scaled(value: string | null, factor: number): number | null {
  const number = positive(Number(value ?? Number.NaN));
  return number === null ? null : number * factor;
}

function positive(value: number | null | undefined): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : null;
}

function text(value: string | null | undefined): string | null {
  const trimmed = value?.replace(/\s+/g, ' ').trim() ?? '';
  return trimmed === '' || /^(unknown|-)$/i.test(trimmed) ? null : trimmed;
}

function binary(bytes: number): string {
  const power = Math.min(3, Math.max(0, Math.floor(Math.log2(bytes) / 10)));
  const value = bytes / 1024 ** power;
  return `${Number.isInteger(value) ? value : value.toFixed(1)} ${['B', 'KiB', 'MiB', 'GiB'][power]}`;
}
