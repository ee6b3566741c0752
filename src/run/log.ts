/**
 * The run's log: NDJSON for programs, one typed event a line, written by the coordinator alone.
 * The events are defined in log-schema.ts. Importing this file costs pino (~20 ms), so commands import it
 * only if a run folder is wanted.
 */
import { rmSync } from 'node:fs';
import { pino } from 'pino';
import { cannot } from '../file-failure.js';
import { ExitCode, expectedGot, UserError } from '../user-error.js';
import { BufferedFile, openRecords } from './buffered-file.js';
import type { LogEvents } from './log-schema.js';

export interface RunLog {
  /** Appends one line to the buffer. Never throws for a full disk: `flush` does. */
  event<K extends keyof LogEvents>(name: K, payload: LogEvents[K]): void;
  /** Writes the buffered lines synchronously. Throws UserError (exit 1) if the file could not be written. */
  flush(): void;
  /** Flushes and closes the file; later events are dropped. Throws as `flush` does; a second call does nothing. */
  close(): void;
}

/** A run that is killed keeps its events up to so long before. */
const appendEveryMs = 200;

/** Levels of events that differ from info. */
const levels: Partial<Record<keyof LogEvents, 'warn' | 'error'>> = {
  warning: 'warn',
  worker_error: 'error',
};

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

/**
 * Starts `file` anew, or continues it. Every event has level info, except `warning` (warn) and `worker_error` (error). `run_start` and
 * `run_stop` are written at every level except silent, because a log without `run_stop` counts as damaged. At silent
 * there is no file, and a file of an earlier run is removed.
 * `failed`: called if a line cannot be written; it is tried again.
 * Throws UserError (exit 2) for an unknown level or a file that cannot be opened.
 */
export function openLog(
  file: string,
  level: string,
  continues = false,
  failed: (error: UserError) => void = () => {},
): RunLog {
  if (!LEVELS.includes(level)) {
    throw new UserError(`log.level: ${expectedGot(`one of ${LEVELS.join(', ')}`, level)}`, ExitCode.usage);
  }
  if (level === 'silent') {
    if (continues) return { event() {}, flush() {}, close() {} };
    asUserError(file, ExitCode.usage, () => rmSync(file, { force: true }));
    return { event() {}, flush() {}, close() {} };
  }
  const destination = logFile(file, continues, failed);
  const options = {
    base: { schema: 1 },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const filtered = pino({ ...options, level }, destination);
  const always = pino({ ...options, level: 'info' }, destination);
  // A process.exit() anywhere still writes the lines so far; nothing can handle an error by then.
  const onExit = () => {
    try {
      destination.flush();
    } catch {}
  };
  process.once('exit', onExit);
  return {
    event(name, payload) {
      const logger = name === 'run_start' || name === 'run_stop' ? always : filtered;
      logger[levels[name] ?? 'info']({ event: name, ...payload });
    },
    flush: destination.flush,
    close() {
      process.removeListener('exit', onExit);
      destination.close();
    },
  };
}

/**
 * The file that pino writes to. pino.destination is not used: sonic-boom 4.2.1 retries every failed flushSync for ever,
 * so a full disk hangs the process, and its fsync costs 4 ms at the end of a run. Measured: 3–5 µs an event here,
 * against 4–7 µs (sync) and 6–10 µs (async) there.
 */
function logFile(file: string, continues: boolean, failed: (error: UserError) => void) {
  const descriptor = asUserError(file, ExitCode.usage, () => openRecords(file, continues));
  const lines = new BufferedFile(appendEveryMs);
  lines.open(
    () => descriptor,
    (error) => failed(cannot('write the log', file, error, ExitCode.failure)),
  );
  let closed = false;
  const report = () =>
    asUserError(file, ExitCode.failure, () => {
      if (lines.failure !== null) throw lines.failure;
    });
  return {
    write: (line: string) => lines.write(line),
    flush() {
      lines.drain();
      report();
    },
    close() {
      if (closed) return;
      closed = true;
      lines.close();
      report();
    },
  };
}

function asUserError<T>(file: string, exitCode: ExitCode, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw cannot('write the log', file, error, exitCode);
  }
}
