/** Reads one log.ndjson: its events by run, and every problem by line. No problem stops the reading. */
import { readWholeFile } from '../memory/whole-file.js';
import { type EventName, isEventName, type LogEvents, logEvents, logLine } from '../run/log-schema.js';
import { expectedGot, quoted } from '../user-error.js';
import { createOrder } from './log-order.js';
import { nearestEvent, payloadProblem } from './log-problems.js';

export type LogEntry = {
  [K in EventName]: {
    readonly line: number;
    readonly event: K;
    /** ISO 8601, UTC. */
    readonly time: string;
    readonly payload: LogEvents[K];
  };
}[EventName];

export interface Damage {
  readonly file: string;
  /** From 1; the last line if something is missing at the end. */
  readonly line: number;
  /** A warning is informative; no event is lost. */
  readonly kind: 'damage' | 'warning';
  readonly problem: string;
  /** Number of later lines with the same problem. */
  readonly repeated: number;
}

export interface LogReading {
  readonly file: string;
  readonly lines: number;
  /** The valid events of each run, in the order of the file; concatenated logs have several runs. */
  readonly runs: readonly (readonly LogEntry[])[];
  readonly damages: readonly Damage[];
}

/** Reads `file`; an unreadable file is a damage of line 0. */
export function readLog(file: string): LogReading {
  try {
    return parseLog(file, readWholeFile(file).toString('utf8'));
  } catch (error) {
    const problem = `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    return { file, lines: 0, runs: [], damages: [{ file, line: 0, kind: 'damage', problem, repeated: 0 }] };
  }
}

/** `text` is the whole file, `file` its name in the damages. */
export function parseLog(file: string, text: string): LogReading {
  const lines = text.replace(/^\uFEFF/, '').split('\n');
  const whole = lines.at(-1)?.trim() === '';
  if (whole) lines.pop();
  const damages = collectDamages(file);
  const runs: LogEntry[][] = [];
  const order = createOrder(damages.add);
  for (const [index, content] of lines.entries()) {
    const line = index + 1;
    const cut = !whole && line === lines.length;
    const record = parseObject(content);
    if (record === null) {
      const what = cut ? 'the last line is cut off' : `expected a JSON object, got ${shortened(content)}`;
      damages.add(line, 'damage', what, cut ? what : 'not JSON');
      continue;
    }
    if (cut) damages.add(line, 'warning', 'the last line has no line break');
    const frame = logLine.safeParse(record);
    if (!frame.success) {
      damages.add(line, 'damage', `the line: ${payloadProblem(frame.error, record)}`, 'line');
      continue;
    }
    const { event, schema, time } = frame.data;
    if (order.next(line, event, Date.parse(time)) || runs.length === 0) runs.push([]);
    if (schema !== 1) {
      damages.add(line, 'damage', `schema: ${expectedGot('1, the version that this program reads', schema)}`);
      continue;
    }
    if (!isEventName(event)) {
      damages.add(line, 'warning', `unknown event ${quoted(event)}${nearestEvent(event)}`);
      continue;
    }
    const payload = logEvents[event].safeParse(record);
    if (!payload.success) {
      damages.add(line, 'damage', `${event}: ${payloadProblem(payload.error, record)}`, `payload ${event}`);
      continue;
    }
    const entry = { line, event, time, payload: payload.data } as LogEntry;
    order.steps(entry);
    runs.at(-1)?.push(entry);
  }
  order.end(lines.length);
  return { file, lines: lines.length, runs, damages: damages.all() };
}

function parseObject(content: string): object | null {
  try {
    const value: unknown = JSON.parse(content);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

const shortened = (content: string) =>
  content.length > 40 ? `${JSON.stringify(content.slice(0, 40))}…` : JSON.stringify(content);

export type AddDamage = (line: number, kind: Damage['kind'], problem: string, sort?: string) => void;

/** The first problem of each kind represents the others, which are counted. */
function collectDamages(file: string) {
  const found = new Map<string, { -readonly [K in keyof Damage]: Damage[K] }>();
  const add: AddDamage = (line, kind, problem, sort = problem) => {
    const same = found.get(sort);
    if (same === undefined) found.set(sort, { file, line, kind, problem, repeated: 0 });
    else same.repeated++;
  };
  return { add, all: () => [...found.values()].sort((a, b) => a.line - b.line) };
}
