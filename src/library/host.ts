/**
 * The thread that trains for a library's caller: the coordinator runs here, so that the caller's thread is never blocked
 * and no package is loaded into it. One training at a time; the thread is used again for the next one.
 */
import { parentPort } from 'node:worker_threads';
import { Interrupted } from '../coordinator/interruption.js';
import type { CsvValues } from '../data/csv-values.js';
import type { Dataset, Samples } from '../data/dataset.js';
import { loadDataset } from '../data/load.js';
import type { TableRequest } from '../tables/training/load-table.js';
import { sentError } from './errors.js';
import type { FromHost, Last, SentPictures, SentTable, ToHost, TrainRequest } from './messages.js';
import type { FileKeys } from './send-data.js';
import { trainFor } from './train-for.js';

const port = parentPort;
if (port === null) throw new Error('library/host.js runs in a worker thread');

let interruption = new AbortController();

port.on('message', (message: ToHost) => {
  if (message.kind === 'stop') interruption.abort(new Interrupted());
  else if (message.kind === 'read') void answer(() => read(message));
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

async function read({ keys, values, table, pictures }: Extract<ToHost, { kind: 'read' }>): Promise<Last> {
  const {
    train,
    test: given,
    ...dataset
  } = pictures !== null
    ? await loadFolders(pictures)
    : table === null
      ? await load(keys, values)
      : await loadRows(table);
  // The test part alone travels, in shared memory, which the caller's thread need not copy.
  const room = new SharedArrayBuffer(given.values.byteLength);
  const shared = given.values instanceof Float32Array ? new Float32Array(room) : new Uint8Array(room);
  shared.set(given.values);
  const none = { values: train.values.slice(0, 0), targets: train.targets.slice(0, 0), count: 0 };
  return {
    kind: 'read',
    dataset: { ...dataset, train: { ...bare(train), ...none }, test: { ...bare(given), values: shared } },
  };
}

/** Without the functions that read rows of a table. */
const bare = ({ values, targets, count, shape, full }: Samples): Samples => ({
  values,
  targets,
  count,
  shape,
  full,
});

function load(keys: FileKeys, values: CsvValues | null): Promise<Dataset> {
  const { 'data.set': set, 'data.dir': dir = null, 'data.label': label = null } = keys;
  return loadDataset({
    ...{ set: set as 'idx', dir: dir === null ? null : String(dir) },
    ...{ label: typeof label === 'object' ? null : label, values },
  });
}

/** All pictures of the folder, unless the test part is named. */
async function loadFolders({ labels, ...request }: SentPictures): Promise<Dataset> {
  const [{ loadPictures }, { decoderOf }] = await Promise.all([
    import('../data/pictures/load-pictures.js'),
    import('../worker/picture-decoder.js'),
  ]);
  return loadPictures(request, { note() {}, warn() {}, decoder: decoderOf(), labels });
}

type Asked = Pick<TableRequest, 'target' | 'task' | 'columns'>;

/** All rows, unless the test rows are named. */
async function loadRows({ json, tensors, source, given, ...rows }: SentTable): Promise<Dataset> {
  const [{ loadTable }, { tableModelOf }] = await Promise.all([
    import('../tables/training/load-table.js'),
    import('../tables/training/table-model.js'),
  ]);
  const { 'data.target': target = null, 'data.columns': columns = {} } = given?.keys ?? {};
  const request = { ...rows, ...({ target, task: 'auto', columns } as Asked) };
  const { signal } = new AbortController();
  const reading = {
    note() {},
    warn() {},
    signal,
    model: tableModelOf(json, tensors, source),
    evaluates: true,
    ...(given === undefined ? {} : { rows: { ...given.rows.table, sha256: () => given.rows.digest } }),
  };
  return loadTable(request, reading);
}
