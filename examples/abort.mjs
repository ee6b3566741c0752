// Ends a training in three ways: a time limit, the wish to keep what there is, and the end of a block.
import { train } from 'shardstep';

const inputs = Float32Array.from({ length: 2000 }, (_, i) => Math.sin(i * i));
const targets = Array.from({ length: 1000 }, (_, i) => (inputs[2 * i] > inputs[2 * i + 1] ? 'up' : 'down'));
const recipe = { model: { hidden: [32] }, train: { batch: 100, epochs: 1_000_000 }, 'optimizer.lr': 0.1 };

// 1. A signal: the promise is rejected with its reason.
try {
  await train({ inputs, targets }, { recipe, signal: AbortSignal.timeout(1000) });
} catch (error) {
  console.log(`given up: ${error.name}`);
}

// 2. stop(): the training ends after its present step, and the model is that of the steps so far.
const run = train({ inputs, targets }, { recipe });
for await (const { accuracy } of run) if (accuracy > 0.97) break;
run.stop();
const model = await run;
console.log(`kept: ${model.predict([0.9, 0.1]).label}`);

// 3. `await using` (Node 24): left, the block ends the training.
// {
//   await using run = train({ inputs, targets }, { recipe });
//   …
// }
