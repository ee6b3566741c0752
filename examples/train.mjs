// Trains a small network on data in memory, prints each epoch, saves the model, and uses it.
import { load, train } from 'shardstep';

// Two interleaved spirals: 400 points of two numbers, two classes.
const inputs = [];
const targets = [];
for (let i = 0; i < 400; i++) {
  const turn = (i % 200) / 25;
  const side = i < 200 ? 1 : -1;
  inputs.push([side * turn * Math.cos(turn), side * turn * Math.sin(turn)]);
  targets.push(side === 1 ? 'one' : 'other');
}

const run = train(
  { inputs, targets },
  {
    recipe: {
      model: { hidden: [64, 32], activation: 'tanh' },
      optimizer: { name: 'adam', lr: 0.01 },
      train: { batch: 40, epochs: 150 },
    },
  },
);
for await (const { epoch, loss, accuracy, on } of run)
  if (epoch % 50 === 0) console.log(`epoch ${epoch}: loss ${loss.toFixed(3)}, accuracy on ${on} ${accuracy}`);

const model = await run;
await model.save('spirals.safetensors');

const same = await load('spirals.safetensors');
const { label, probabilities } = same.predict([2, 0.5]);
console.log(`(2, 0.5) is ${label}, with probability ${Math.max(...probabilities).toFixed(3)}`);
