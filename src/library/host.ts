/**
 * The thread that trains for a library's caller: the coordinator runs here, so that the caller's thread is never blocked
 * and no package is loaded into it. One training at a time; the thread is used again for the next one.
 */
import { parentPort } from 'node:worker_threads';
import { Interrupted } from '../coordinator/interruption.js';
import { sentError } from './errors.js';
import type { FromHost, ToHost, TrainRequest } from './messages.js';
import { trainFor } from './train-for.js';

const port = parentPort;
if (port === null) throw new Error('library/host.js runs in a worker thread');

let interruption = new AbortController();

port.on('message', (message: ToHost) => {
  if (message.kind === 'stop') interruption.abort(new Interrupted());
  else void train(message.request);
});

async function train(request: TrainRequest): Promise<void> {
  interruption = new AbortController();
  const send = (message: FromHost) => port?.postMessage(message);
  try {
    send({ kind: 'done', result: await trainFor(request, interruption.signal, send) });
  } catch (error) {
    send({ kind: 'failed', error: sentError(error) });
  }
}
