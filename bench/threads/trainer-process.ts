/**
 * One trainer in a separate process: `node trainer-process.ts RECIPE THREADS key=value…`. Each line on stdin trains
 * once, without evaluation; the answer is the time in milliseconds. Ends when stdin closes.
 */
import { createInterface } from 'node:readline';
import { openTrainer } from '../harness.ts';

const [recipe, threads, ...overrides] = process.argv.slice(2);
const trainer = await openTrainer(recipe, overrides, Number(threads));
createInterface(process.stdin)
  .on('line', async () => console.log((await trainer.train(false)).trainMs))
  .on('close', () => process.exit(0));
console.log('ready');
