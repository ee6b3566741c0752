/**
 * Operations of the C library without a tfjs kernel, by their names there. They are fused gradients; tfjs's own
 * compositions take ten to fifty times as long (256×256: ReluGrad 13 µs, mul(delta, step(a)) 630 µs).
 */
import type { ActivationName } from '../../kernels/reference.js';
import type { Attribute, Tensor, TensorFlow } from './tensorflow.js';

const inner = Math.sqrt(2 / Math.PI);

export class Operations {
  readonly #tf: TensorFlow;
  readonly #attributes: readonly Attribute[];

  constructor(tf: TensorFlow) {
    const { TF_ATTR_TYPE, TF_FLOAT } = tf.backend().binding;
    this.#tf = tf;
    this.#attributes = [{ name: 'T', type: TF_ATTR_TYPE, value: TF_FLOAT }];
  }

  /** Per row the loss, [rows], and its gradient with respect to the logits, [rows][classes]. */
  softmaxCrossEntropy(logits: Tensor, targets: Tensor): { losses: Tensor; deltas: Tensor } {
    const name = 'SoftmaxCrossEntropyWithLogits';
    const [losses, deltas] = this.#tf
      .backend()
      .executeMultipleOutputs(name, this.#attributes, [logits, targets], 2);
    return { losses, deltas };
  }

  activate(kind: ActivationName, z: Tensor): Tensor {
    const tf = this.#tf;
    if (kind === 'relu') return tf.relu(z);
    if (kind === 'tanh') return tf.tanh(z);
    if (kind === 'sigmoid') return tf.sigmoid(z);
    return tf.mul(tf.mul(z, 0.5), tf.add(this.#geluTanh(z), 1));
  }

  /** `deltas` times the slope of the activation with sums z and outputs a. */
  activationBackward(kind: ActivationName, deltas: Tensor, z: Tensor, a: Tensor): Tensor {
    const tf = this.#tf;
    const native = tf.backend();
    if (kind === 'relu') return native.executeSingleOutput('ReluGrad', this.#attributes, [deltas, a]);
    if (kind === 'tanh') return native.executeSingleOutput('TanhGrad', this.#attributes, [a, deltas]);
    if (kind === 'sigmoid') return native.executeSingleOutput('SigmoidGrad', this.#attributes, [a, deltas]);
    const t = this.#geluTanh(z);
    const outer = tf.mul(tf.add(t, 1), 0.5);
    const slope = tf.mul(tf.add(tf.mul(tf.mul(t, t), -1), 1), tf.add(tf.mul(tf.mul(z, z), 0.134145), 1));
    return tf.mul(deltas, tf.add(outer, tf.mul(tf.mul(slope, z), 0.5 * inner)));
  }

  /** tanh(√(2/π) (z + 0.044715 z³)) */
  #geluTanh(z: Tensor): Tensor {
    const tf = this.#tf;
    return tf.tanh(tf.mul(tf.mul(z, tf.add(tf.mul(tf.mul(z, z), 0.044715), 1)), inner));
  }
}
