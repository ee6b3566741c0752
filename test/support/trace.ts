/** A trace read as its format is documented ("Trace Event Format", complete and metadata events), and nothing else. */
import assert from 'node:assert/strict';

export interface TracedSlice {
  readonly tid: number;
  readonly name: string;
  readonly cat: string;
  /** Nanoseconds. */
  readonly from: number;
  readonly to: number;
  /** Names of the slices around it, the outermost first. */
  readonly within: readonly string[];
  readonly kindsWithin: readonly string[];
}

interface Event {
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly name: string;
  readonly cat: string;
  readonly ts: number;
  readonly dur: number;
  readonly args?: { readonly name?: string; readonly sort_index?: number };
}

export interface ReadTrace {
  /** Names of the tracks by thread id. */
  readonly tracks: ReadonlyMap<number, string>;
  readonly slices: readonly TracedSlice[];
}

/** Demands that times are monotone on each track and that slices nest: none ends after one that it began within. */
export function readTrace(text: string): ReadTrace {
  const trace = JSON.parse(text) as { traceEvents: Event[]; displayTimeUnit: string };
  assert.ok(['ms', 'ns'].includes(trace.displayTimeUnit));
  const tracks = new Map<number, string>();
  const slices: TracedSlice[] = [];
  const open = new Map<number, TracedSlice[]>();
  for (const event of trace.traceEvents) {
    assert.ok(Number.isInteger(event.pid) && Number.isInteger(event.tid), JSON.stringify(event));
    if (event.ph === 'M') {
      if (event.name === 'thread_name') {
        assert.ok(!tracks.has(event.tid), `thread ${event.tid} is named twice`);
        tracks.set(event.tid, event.args?.name ?? '');
      }
      continue;
    }
    assert.equal(event.ph, 'X');
    assert.ok(event.name !== '' && event.cat !== '' && event.ts >= 0 && event.dur > 0, JSON.stringify(event));
    assert.ok(tracks.has(event.tid), 'a slice on a track without a name');
    const from = Math.round(event.ts * 1000);
    const to = from + Math.round(event.dur * 1000);
    const around = (open.get(event.tid) ?? []).filter((outer) => outer.to > from);
    const previous = open.get(event.tid)?.at(-1);
    assert.ok(previous === undefined || previous.from <= from, `${event.name} goes back in time`);
    for (const outer of around) assert.ok(to <= outer.to, `${event.name} ends after ${outer.name} around it`);
    const { tid, name, cat } = event;
    const within = around.map((outer) => outer.name);
    const slice = { tid, name, cat, from, to, within, kindsWithin: around.map((outer) => outer.cat) };
    slices.push(slice);
    open.set(tid, [...around, slice]);
  }
  return { tracks, slices };
}
