/** The weights of a network and the state of their optimiser: one `OnlineLayer` for each layer but the inputs. */
import type { OnlineLayer } from '../kernels/online/memory.js';

/** As brain.js draws them: uniform in [−0.2, 0.2). `random`: uniform in [0, 1). */
export function drawnLayers(sizes: readonly number[], random: () => number): OnlineLayer[] {
  const draw = (count: number) => {
    const drawn = new Float32Array(count);
    for (let i = 0; i < count; i++) drawn[i] = random() * 0.4 - 0.2;
    return drawn;
  };
  return sizes.slice(1).map((outputs, l) => {
    const inputs = sizes[l];
    const biases = draw(outputs);
    return layerOf(inputs, draw(outputs * inputs), biases);
  });
}

/** A layer without a history. */
export function layerOf(inputs: number, weights: Float32Array, biases: Float32Array): OnlineLayer {
  const changes = new Float32Array(weights.length);
  return { inputs, outputs: biases.length, weights, biases, changes, adam: null };
}

export function withAdam(layers: readonly OnlineLayer[]): void {
  for (const layer of layers) {
    const { weights, biases } = layer;
    layer.adam ??= {
      means: new Float32Array(weights.length),
      squares: new Float32Array(weights.length),
      biasMeans: new Float32Array(biases.length),
      biasSquares: new Float32Array(biases.length),
    };
  }
}

export const weightCount = (layers: readonly OnlineLayer[]): number =>
  layers.reduce((sum, { weights, biases }) => sum + weights.length + biases.length, 0);
