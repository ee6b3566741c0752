/**
 * One trainer with a process to itself: `node trainer-process.ts RECIPE THREADS key=value…`. Each line on stdin
 * trains once, without evaluation, and is answered with the milliseconds it took. Ends when stdin closes.
 */
import { createInterface } from 'node:readline';
import { openTrainer } from '../harness.ts';

const [recipe, threads, ...overrides] = process.argv.slice(2);
const trainer = await openTrainer(recipe, overrides, Number(threads));
createInterface(process.stdin)
  .on('line', async () => console.log((await trainer.train(false)).trainMs))
  .on('close', () => process.exit(0));
console.log('ready');
