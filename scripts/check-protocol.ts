/**
 * Explores every interleaving of models that are too large for a test: `npm run check:protocol`. Prints a table; exit
 * code 1 if an invariant fails, with the shortest way to it.
 */
import { explore, type Model } from '../test/support/protocol/explore.ts';
import { barrierModel, type Disturbance, sessionModel } from '../test/support/protocol/models.ts';

const disturbances: readonly Disturbance[] = ['none', 'stop', 'interrupt', 'abort', 'kill'];
const sessions = [
  { workers: 2, commands: 2, steps: 1, barriers: 1, isCoordinated: false },
  { workers: 2, commands: 1, steps: 2, barriers: 2, isCoordinated: false },
  { workers: 2, commands: 1, steps: 1, barriers: 2, isCoordinated: true },
  { workers: 3, commands: 1, steps: 1, barriers: 1, isCoordinated: false },
];
const models: (readonly [string, () => Model])[] = [
  ...[2, 3, 4].map((parties) => [`${parties} threads, 3 barriers`, () => barrierModel(parties, 3)] as const),
  ...[2, 3, 4].map(
    (parties) => [`${parties} threads, 2 barriers, 2 aborts`, () => barrierModel(parties, 2, 2)] as const,
  ),
  ...sessions.flatMap((shape) =>
    disturbances.map((disturbance) => {
      const { workers, commands, steps, barriers, isCoordinated } = shape;
      const name = `${workers} workers${isCoordinated ? ' and the coordinator' : ''}, ${commands} commands of ${steps} steps with ${barriers} barriers`;
      return [`${name}; ${disturbance}`, () => sessionModel(shape, disturbance)] as const;
    }),
  ),
];

let total = 0;
for (const [name, model] of models) {
  const { states, violated, trace } = explore(model());
  total += states;
  console.log(`${String(states).padStart(8)} states  ${violated === null ? 'hold' : 'FAIL'}  ${name}`);
  if (violated === null) continue;
  console.log(`${violated}:\n${trace.join('\n')}`);
  process.exitCode = 1;
}
console.log(`${total} states of ${models.length} models`);
