// Trains in a worker thread of your own. The main thread gets the model's bytes and opens them.
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { load, train } from 'shardstep';

if (isMainThread) {
  const worker = new Worker(new URL(import.meta.url));
  const bytes = await new Promise((resolve, reject) => worker.on('message', resolve).on('error', reject));
  const model = await load(bytes);
  console.log(`0 xor 1 is ${model.predict([0, 1]).label}`);
} else {
  const inputs = [[0, 0], [0, 1], [1, 0], [1, 1]];
  const recipe = {
    model: { hidden: [16], activation: 'tanh' },
    train: { batch: 4, epochs: 500 },
    'optimizer.lr': 0.3,
  };
  const model = await train({ inputs, targets: ['0', '1', '1', '0'] }, { recipe });
  parentPort.postMessage(model.toSafetensors());
}
