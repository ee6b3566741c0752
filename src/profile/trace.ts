/**
 * A run as a trace for Perfetto and chrome://tracing, in the JSON object form of the Trace Event Format. It has
 * complete events ("X", microseconds) that nest by time, epoch > step > phase, on one track for each worker and one for
 * the coordinator.
 */

import { doublesPerStamp } from '../plan/stamp-room.js';
import type { CommandRecord, Span } from './collector.js';
import type { Phase } from './phases.js';
import { phaseNumber } from './phases.js';
import { spanOf, visitSlices, workersEnd } from './timeline.js';

interface MetadataEvent {
  readonly ph: 'M';
  readonly pid: number;
  readonly tid: number;
  readonly name: 'process_name' | 'thread_name' | 'thread_sort_index';
  readonly args: Readonly<Record<string, string | number>>;
}

interface CompleteEvent {
  readonly ph: 'X';
  readonly pid: number;
  readonly tid: number;
  readonly name: string;
  readonly cat: string;
  /** Microseconds since the first event, to the nanosecond. */
  readonly ts: number;
  readonly dur: number;
  readonly args?: Readonly<Record<string, number>>;
}

export type TraceEvent = MetadataEvent | CompleteEvent;

export interface Trace {
  readonly traceEvents: readonly TraceEvent[];
  readonly displayTimeUnit: 'ms';
  readonly otherData: Readonly<Record<string, string | number>>;
}

export interface TracedRun {
  readonly name: string;
  readonly threads: number;
  readonly phases: readonly Phase[];
  readonly commands: readonly CommandRecord[];
  readonly orders: readonly Span[];
  readonly stepsPerEpoch: number;
  /** Stages before the run, on the coordinator's track. */
  readonly startup: readonly (Span & { readonly name: string })[];
}

/** Viewers accept some hundred megabytes; this is about 40. */
const mostEvents = 400_000;
const pid = 1;

export function traceOf(run: TracedRun): Trace {
  const writer = new TraceWriter(originOf(run));
  const { name, threads, phases, commands, orders, stepsPerEpoch } = run;
  writer.metadata('process_name', 0, { name: `shardstep ${name}` });
  writer.track(0, 'coordinator');
  for (let rank = 0; rank < threads; rank++) writer.track(rank + 1, `worker ${rank}`);
  for (const { name: stage, ...span } of run.startup) writer.slice(0, stage, 'start-up', span);
  for (const span of orders) writer.slice(0, 'shuffle', 'phase', span);
  const epochs = new Epochs(threads, stepsPerEpoch);
  let traced = 0;
  for (const record of commands) {
    if (writer.events.length >= mostEvents) break;
    traced++;
    writer.slice(0, 'command', 'command', { from: record.sentAt, to: record.doneAt });
    visitSlices(record, threads, (phase, from, to) => {
      if (phase !== phaseNumber.loop) writer.slice(0, phases[phase].name, 'phase', { from, to });
    });
    for (let rank = 0; rank < threads; rank++) {
      epochs.extend(record, rank);
      writeWorker(writer, record, rank, phases);
    }
  }
  epochs.each((rank, epoch, span) => writer.slice(rank + 1, `epoch ${epoch}`, 'epoch', span, { epoch }));
  return {
    traceEvents: writer.sorted(),
    displayTimeUnit: 'ms',
    otherData: { commands: commands.length, commandsLeftOut: commands.length - traced },
  };
}

function originOf({ startup, orders, commands }: TracedRun): number {
  return startup[0]?.from ?? orders[0]?.from ?? commands[0]?.sentAt ?? 0;
}

/** Steps around the phases of one worker in one command, and its wait for slower workers. */
function writeWorker(
  writer: TraceWriter,
  record: CommandRecord,
  rank: number,
  phases: readonly Phase[],
): void {
  let open: { step: number; from: number; to: number } | null = null;
  const close = () => {
    if (open !== null) writer.slice(rank + 1, `step ${open.step}`, 'step', open, { step: open.step });
    open = null;
  };
  visitSlices(record, rank, (phase, from, to, step) => {
    if (step !== (open?.step ?? null)) close();
    if (step !== null) open = { step, from: open?.from ?? from, to };
    writer.slice(rank + 1, phases[phase].name, 'phase', { from, to });
  });
  close();
  const end = workersEnd(record);
  const own = spanOf(record.ranks[rank])?.to;
  if (end !== null && own !== undefined && end > own)
    writer.slice(rank + 1, phases[phaseNumber.wait].name, 'phase', { from: own, to: end });
}

/** From each worker's first stamp of an epoch to its last. */
class Epochs {
  readonly #stepsPerEpoch: number;
  readonly #spans: Map<number, { from: number; to: number }>[];

  constructor(threads: number, stepsPerEpoch: number) {
    this.#stepsPerEpoch = stepsPerEpoch;
    this.#spans = Array.from({ length: threads }, () => new Map());
  }

  /** A command is within one epoch; a command without steps belongs to the epoch of the step before it. */
  extend(record: CommandRecord, rank: number): void {
    const { first, count } = record.command;
    const step = count > 0 ? first : Math.max(0, first - 1);
    const epoch = Math.floor(step / this.#stepsPerEpoch) + 1;
    const stamps = record.ranks[rank];
    if (stamps.length === 0) return;
    const to = workersEnd(record) ?? stamps[stamps.length - doublesPerStamp];
    const span = this.#spans[rank].get(epoch);
    if (span === undefined) this.#spans[rank].set(epoch, { from: stamps[0], to });
    else span.to = to;
  }

  each(visit: (rank: number, epoch: number, span: Span) => void): void {
    this.#spans.forEach((spans, rank) => {
      for (const [epoch, span] of spans) visit(rank, epoch, span);
    });
  }
}

/** Order among slices of the same time. */
const depthOf = ({ cat }: CompleteEvent): number => ['epoch', 'command', 'step', 'phase'].indexOf(cat);

class TraceWriter {
  readonly events: CompleteEvent[] = [];
  readonly #metadata: MetadataEvent[] = [];
  readonly #origin: number;

  constructor(origin: number) {
    this.#origin = origin;
  }

  metadata(name: MetadataEvent['name'], tid: number, args: MetadataEvent['args']): void {
    this.#metadata.push({ ph: 'M', pid, tid, name, args });
  }

  track(tid: number, name: string): void {
    this.metadata('thread_name', tid, { name });
    this.metadata('thread_sort_index', tid, { sort_index: tid });
  }

  slice(tid: number, name: string, cat: string, { from, to }: Span, args?: CompleteEvent['args']): void {
    // Both ends are rounded instead of the length, so that a slice that ends with the one around it still does.
    const [start, end] = [from, to].map((at) => Math.round((at - this.#origin) * 1e6));
    if (end <= start) return;
    const times = { ts: start / 1e3, dur: (end - start) / 1e3 };
    this.events.push({ ph: 'X', pid, tid, name, cat, ...times, ...(args === undefined ? {} : { args }) });
  }

  /** By track and time; of slices that begin together, the outer one first. */
  sorted(): TraceEvent[] {
    const byTime = this.events.sort(
      (a, b) => a.tid - b.tid || a.ts - b.ts || b.dur - a.dur || depthOf(a) - depthOf(b),
    );
    return [...this.#metadata, ...byTime];
  }
}
