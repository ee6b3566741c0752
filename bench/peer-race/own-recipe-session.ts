/**
 * Our own recipe, configs/mnist-97.yaml, as a session program of the race (see session.ts). It is other work than that
 * of the peers and is shown beside it. `node own-recipe-session.ts DATA_FOLDER THREADS`; only `target`. An uncounted
 * run on other images precedes each run, as in bench/sprint.ts: other contestants' turns have emptied the caches and
 * put the workers to sleep.
 */
import { createInterface } from 'node:readline';
import packageJson from '../../package.json' with { type: 'json' };
import { openTrainer } from '../harness.ts';

const warmUpSeed = 1_000_000;
const [, threads = '1'] = process.argv.slice(2);
const trainer = await openTrainer('mnist-97', [], Number(threads));

async function target(seed: number) {
  await trainer.train(true, warmUpSeed + seed);
  const { residentMs, trainMs, images, evaluation, epochs } = await trainer.train(true, seed);
  if (evaluation === null) throw new Error('the run was not evaluated');
  const { accuracy } = evaluation;
  return { ms: residentMs, trainMs, images, accuracy, epochs, curve: [[residentMs, accuracy]] };
}

createInterface(process.stdin)
  .on('line', async (line) => {
    const [command, seed] = line.split(' ');
    const answer =
      command === 'target' ? await target(Number(seed)) : { error: `expected target SEED, got ${line}` };
    console.log(JSON.stringify(answer));
  })
  .on('close', () => process.exit(0));
console.log(JSON.stringify({ version: packageJson.version }));
