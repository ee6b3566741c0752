/**
 * The thread that trains for a library's caller: the coordinator runs here, so that the caller's thread is never blocked
 * and no package is loaded into it. One training at a time; the thread is used again for the next one.
 */
import { parentPort } from 'node:worker_threads';
import { Interrupted } from '../coordinator/interruption.js';
import type { CsvValues } from '../data/csv-values.js';
import { type DataRequest, loadDataset } from '../data/load.js';
import { sentError } from './errors.js';
import type { FromHost, Last, ToHost, TrainRequest } from './messages.js';
import type { FileKeys } from './send-data.js';
import { trainFor } from './train-for.js';

const port = parentPort;
if (port === null) throw new Error('library/host.js runs in a worker thread');

let interruption = new AbortController();

port.on('message', (message: ToHost) => {
  if (message.kind === 'stop') interruption.abort(new Interrupted());
  else if (message.kind === 'read') void answer(() => read(message.keys, message.values));
  else void answer((send) => train(message.request, send));
});

type Send = (message: FromHost) => void;

const send: Send = (message) => port.postMessage(message);

async function answer(work: (send: Send) => Promise<Last>): Promise<void> {
  try {
    send(await work(send));
  } catch (error) {
    send({ kind: 'failed', error: sentError(error) });
  }
}

async function train(request: TrainRequest, report: Send): Promise<Last> {
  interruption = new AbortController();
  return { kind: 'done', result: await trainFor(request, interruption.signal, report) };
}

async function read(keys: FileKeys, values: CsvValues | null): Promise<Last> {
  const { 'data.set': set, 'data.dir': dir = null, 'data.label': label = null } = keys;
  const column = typeof label === 'object' ? null : label;
  const request: DataRequest = {
    ...{ set: set as 'idx', dir: dir === null ? null : String(dir) },
    ...{ label: column, values },
  };
  const dataset = await loadDataset(request);
  // The test part alone travels.
  const { train, test: given } = dataset;
  const none = { values: train.values.slice(0, 0), targets: train.targets.slice(0, 0), count: 0 };
  // In shared memory, which the caller's thread need not copy.
  const room = new SharedArrayBuffer(given.values.byteLength);
  const shared = given.values instanceof Float32Array ? new Float32Array(room) : new Uint8Array(room);
  shared.set(given.values);
  const test = { ...given, values: shared };
  return { kind: 'read', dataset: { ...dataset, train: { ...dataset.train, ...none }, test } };
}
