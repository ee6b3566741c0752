/**
 * The thread that trains, as the caller's thread sees it. An idle one is kept for the next training, and keeps no process
 * alive.
 */
import { Worker } from 'node:worker_threads';
import type { CsvValues } from '../data/csv-values.js';
import type { Dataset } from '../data/dataset.js';
import { ExitCode, UserError } from '../user-error.js';
import { refusedThread } from '../worker/thread-limit.js';
import { receivedError } from './errors.js';
import type { FromHost, SentPictures, SentTable, ToHost } from './messages.js';
import type { FileKeys } from './send-data.js';

export class HostThread {
  readonly #worker: Worker;
  #receive: ((message: FromHost) => void) | null = null;
  #fail: ((error: Error) => void) | null = null;

  /** @throws UserError if the system allows no more threads. */
  constructor() {
    this.#worker = startThread();
    this.#worker.on('message', (message: FromHost) => this.#receive?.(message));
    this.#worker.on('error', (error) => this.#end(error));
    this.#worker.on('exit', (code) =>
      this.#end(new Error(`the thread that trains has ended with exit code ${code}`)),
    );
  }

  /** `receive`: gets each message until the last one; `fail`: called if the thread ends before. */
  start(
    work: Exclude<ToHost, { kind: 'stop' }>,
    receive: (message: FromHost) => void,
    fail: (error: Error) => void,
  ): void {
    this.#worker.ref();
    this.#receive = (message) => {
      if (message.kind === 'done' || message.kind === 'read' || message.kind === 'failed') {
        this.#receive = null;
        this.#fail = null;
        release(this);
      }
      receive(message);
    };
    this.#fail = fail;
    try {
      this.#post(work);
    } catch (error) {
      // A function, say, is no value of a recipe.
      this.#receive = null;
      this.#fail = null;
      release(this);
      const reason = error instanceof Error ? error.message : String(error);
      fail(new UserError(`recipe: expected plain values: ${reason}`, ExitCode.usage));
    }
  }

  stop(): void {
    this.#post({ kind: 'stop' });
  }

  unref(): void {
    this.#worker.unref();
  }

  terminate(): void {
    void this.#worker.terminate();
  }

  #post(message: ToHost): void {
    this.#worker.postMessage(message);
  }

  #end(error: Error): void {
    if (idle === this) idle = null;
    this.#fail?.(error);
    this.#receive = null;
    this.#fail = null;
  }
}

function startThread(): Worker {
  try {
    // Flags of the program, such as --input-type, are not meant for this thread.
    return new Worker(new URL('./host.js', import.meta.url), { name: 'shardstep', execArgv: [] });
  } catch (error) {
    throw refusedThread(error);
  }
}

let idle: HostThread | null = null;

export function borrowHost(): HostThread {
  const host = idle ?? new HostThread();
  idle = null;
  return host;
}

function release(host: HostThread): void {
  host.unref();
  if (idle === null) idle = host;
  else host.terminate();
}

/** A data set that is read by the thread, without its training samples. @throws UserError for bad data. */
export function readInHost(
  keys: FileKeys,
  values: CsvValues | null,
  table: SentTable | null = null,
  pictures: SentPictures | null = null,
): Promise<Dataset> {
  return new Promise((resolve, reject) => {
    borrowHost().start(
      { kind: 'read', keys, values, table, pictures },
      (message) => {
        if (message.kind === 'read') resolve(message.dataset);
        else if (message.kind === 'failed') reject(receivedError(message.error));
      },
      reject,
    );
  });
}
