/**
 * The transform of direction features as named tensors, saved with the weights. With F direction features and K
 * components, an input of the network is (x − `features.mean` [F]) · `features.scale` [1]. After these come, for i ≤ j,
 * p_i · p_j − `products.mean` [K (K + 1) / 2] with p = `components.weight` [K][F] · x + `components.bias` [K].
 */

import { inputPlaces } from '../../../kernels/directions/direction-kernels.js';
import { linearFieldOffset, writeLinearModel } from '../../../kernels/directions/linear-model.js';
import { floatsIn } from '../../../memory/views.js';
import { findTensor } from '../../../model/parameters.js';
import type { Tensor } from '../../../model/safetensors.js';
import type { DirectionsPlan } from './plan.js';

export class TransformTensors {
  readonly #plan: DirectionsPlan;
  readonly #memory: WebAssembly.Memory;
  readonly #mean: Float32Array;
  readonly #shift: Float32Array;
  readonly #projection: Float32Array;
  readonly #centres: Float32Array;
  /** The place of each product's mean among the centres. */
  readonly #productPlaces: readonly number[];

  constructor(plan: DirectionsPlan, memory: WebAssembly.Memory) {
    this.#plan = plan;
    this.#memory = memory;
    this.#mean = floatsIn(memory, plan.mean);
    this.#shift = floatsIn(memory, plan.shift);
    this.#projection = floatsIn(memory, plan.projection);
    this.#centres = floatsIn(memory, plan.centres);
    const { features, components } = plan.shape;
    this.#productPlaces = inputPlaces(features, components)
      .slice(features)
      .map((place) => place - features);
  }

  read(): Map<string, Tensor> {
    const { features: F, components: K } = this.#plan.shape;
    const scale = new DataView(this.#memory.buffer).getFloat32(this.#scaleOffset, true);
    const tensors = new Map<string, Tensor>([
      ['features.mean', { shape: [F], data: this.#mean.slice() }],
      ['features.scale', { shape: [1], data: Float32Array.of(scale) }],
    ]);
    if (K === 0) return tensors;
    const weight = Float32Array.from(
      { length: K * F },
      (_, i) => this.#projection[projectionIndex(Math.floor(i / F), i % F, F)],
    );
    const means = Float32Array.from(this.#productPlaces, (place) => -this.#centres[place]);
    return tensors
      .set('components.weight', { shape: [K, F], data: weight })
      .set('components.bias', { shape: [K], data: this.#projection.slice(K * F) })
      .set('products.mean', { shape: [means.length], data: means });
  }

  /** False for tensors without the transform: the run then fits its own. @throws UserError */
  write(tensors: ReadonlyMap<string, Tensor>, source: string, prefix: string): boolean {
    const named = (name: string, shape: number[]) => findTensor(tensors, `${prefix}${name}`, shape, source);
    if (!tensors.has(`${prefix}features.mean`)) return false;
    const { features: F, components: K } = this.#plan.shape;
    const mean = named('features.mean', [F]);
    const [scale] = named('features.scale', [1]);
    if (K > 0) {
      const weight = named('components.weight', [K, F]);
      const bias = named('components.bias', [K]);
      const means = named('products.mean', [this.#productPlaces.length]);
      for (let i = 0; i < K * F; i++)
        this.#projection[projectionIndex(Math.floor(i / F), i % F, F)] = weight[i];
      this.#projection.set(bias, K * F);
      this.#productPlaces.forEach((place, i) => {
        this.#centres[place] = -means[i];
      });
    }
    this.#mean.set(mean);
    for (let f = 0; f < F; f++) this.#shift[f] = -mean[f] * scale;
    writeLinearModel(this.#memory, this.#plan.model.offset, { scale });
    return true;
  }

  get #scaleOffset(): number {
    return this.#plan.model.offset + linearFieldOffset('scale');
  }
}

/** Projection f32 [K / 8][F][8]. */
function projectionIndex(component: number, feature: number, features: number): number {
  return (Math.floor(component / 8) * features + feature) * 8 + (component % 8);
}
