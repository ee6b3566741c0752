/**
 * Runs every operation of the backend once, in the main thread. The binding keeps the names of all attributes it has
 * met in one set for all threads, without a lock. Workers that all added names at their first step crashed
 * occasionally. Once the names are present, the workers only read the set.
 */
import { Operations } from './operations.js';
import type { TensorFlow } from './tensorflow.js';

export function rehearse(tf: TensorFlow): void {
  const operations = new Operations(tf);
  tf.tidy(() => {
    const one = tf.tensor(Float32Array.of(1), [1, 1]);
    const z = tf.add(tf.matMul(one, one, true, true), tf.mul(one, 2));
    for (const kind of ['relu', 'tanh', 'gelu', 'sigmoid'] as const)
      operations.activationBackward(kind, one, z, operations.activate(kind, z));
    const { losses, deltas } = operations.softmaxCrossEntropy(z, one);
    for (const result of [losses, tf.sum(deltas, 0), tf.argMax(z, 1), tf.slice(z, [0, 0], [1, 1])])
      result.dataSync();
  });
}
