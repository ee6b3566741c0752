/**
 * A network of integers on a chunk of samples. Weights are bytes, symmetric for each output. Inputs of every layer have
 * seven bits: pixels halved, units in 127 steps up to the greatest of their own row. So a row's result depends on no
 * other row and no samples are needed to find a range. Seven, because products of two unsigned bytes' worth saturate on
 * processors that multiply bytes in 16 bits.
 */
import type { Pipeline } from '../../data/transforms/pipeline.js';
import type { Values } from '../../data/transforms/transform.js';
import { sizeOf } from '../../data/transforms/transform.js';
import {
  type Int8Forward,
  type Int8Kernels,
  instantiateInt8,
  mostInput,
  placePanel,
  slotsInLine,
} from '../../kernels/int8/int8-kernels.js';
import type { Int8Module } from '../../kernels/int8/load-int8.js';
import { findTensor } from '../../model/parameters.js';
import type { Tensor } from '../../model/safetensors.js';
import { powerOfTwo } from '../../numbers/elementary.js';
import { UserError } from '../../user-error.js';
import type { ChunkSite } from '../chunk-inputs.js';
import type { ChunkModel } from '../chunk-model.js';
import type { NetworkDescription, SampleValues } from '../inference-plan.js';
import { type Int8LayerPlan, type Int8Plan, type Int8RankPlan, type Squares, slotsOf } from './int8-plan.js';
import { quantiseLayer, shiftedBiases } from './int8-weights.js';

/** @throws UserError (usage) for a network that has no integer form. */
export function checkHasInt8({ config, pipeline }: NetworkDescription): void {
  const { data, model } = config;
  const refuse = (key: string, expected: string, got: unknown) => {
    throw UserError.refusal(key, `${expected} with precision int8`, got);
  };
  if (pipeline.values !== 'uint8') refuse('data', 'pixels', pipeline.values);
  if (data.features.kind !== 'pixels') refuse('data.features.kind', 'pixels', data.features.kind);
  if (!pipeline.keepsZeros) refuse('data.normalise', 'none, mnist or centre', data.normalise);
  if (model.shortcut) refuse('model.shortcut', 'false', true);
  if (model.hidden.length > 0 && model.activation !== 'relu')
    refuse('model.activation', 'relu', model.activation);
}

/** Writes the quantised layers. @throws UserError if a tensor is missing or does not fit. */
export function fillInt8(
  { layers, scale, squares }: Int8Plan,
  pipeline: Pipeline,
  tensors: ReadonlyMap<string, Tensor>,
  source: string,
  memory: WebAssembly.Memory,
  { module }: Int8Module,
): void {
  const { buffer } = memory;
  // Of no samples: for the greatest value.
  const { full } = pipeline.apply({ values: new Uint8Array(), count: 0, shape: pipeline.input, full: 255 });
  const { scale: factor, shift } = pipeline.affine;
  new Float32Array(buffer, scale.offset, 1)[0] = powerOfTwo(lostBits(full)) * factor;
  const halves = instantiateInt8(module, memory).hasHalves() === 1;
  for (const [index, { name, inputs, outputs, panels, scales, biases }] of layers.entries()) {
    const weight = findTensor(tensors, `${name}.weight`, [outputs, inputs], source);
    const bias = findTensor(tensors, `${name}.bias`, [outputs], source);
    const dense = { name, inputs, outputs, weight, bias };
    const layer = quantiseLayer(dense);
    const slots = index === 0 ? slotsOf(inputs, squares) : slotsInLine(inputs);
    for (const { first, units, weights } of panels) {
      const place = new Int8Array(buffer, weights.offset, weights.bytes);
      placePanel(layer.values, layer, { first, panel: units }, { slots, halves }, place);
    }
    new Float32Array(buffer, scales.offset, outputs).set(layer.scales);
    new Float32Array(buffer, biases.offset, outputs).set(index === 0 ? shiftedBiases(dense, shift) : bias);
  }
}

export class Int8Model implements ChunkModel {
  readonly #site: ChunkSite;
  readonly #kernels: Int8Kernels;
  readonly #layers: readonly Int8LayerPlan[];
  readonly #rank: Int8RankPlan;
  readonly #features: number;
  readonly #keepsValues: boolean;
  readonly #squares: Squares;
  /** Byte offset of the value of a 1 of the inputs, f32. */
  readonly #scale: number;
  readonly #forward64: Int8Forward;
  readonly #forward16: Int8Forward;
  readonly #values: Uint8Array;
  readonly #units: Float32Array;

  constructor(
    site: ChunkSite,
    { layers, ranks, scale, squares }: Int8Plan,
    { module, usesDots }: Int8Module,
  ) {
    const { memory, pipeline, rank } = site;
    const { values, units } = ranks[rank];
    const kernels = instantiateInt8(module, memory);
    this.#site = site;
    this.#kernels = kernels;
    this.#layers = layers;
    this.#rank = ranks[rank];
    this.#features = sizeOf(pipeline.output);
    this.#keepsValues = pipeline.keepsValues;
    this.#squares = squares;
    this.#scale = scale.offset;
    this.#forward64 = usesDots ? kernels.forwardDots64 : kernels.forward64;
    this.#forward16 = usesDots ? kernels.forwardDots16 : kernels.forward16;
    this.#values = new Uint8Array(memory.buffer, values.offset, values.bytes);
    this.#units = new Float32Array(memory.buffer, units.offset, units.bytes / 4);
  }

  logits(images: SampleValues, count: number, out: Float32Array): void {
    const { entries, starts, rowScales, units } = this.#rank;
    this.#packInputs(images, count);
    // Plain loops: iterators would be garbage.
    const last = this.#layers.length - 1;
    this.#layer(0, count);
    for (let index = 1; index <= last; index++) {
      const { width } = this.#layers[index - 1];
      const to = entries.offset;
      this.#kernels.packUnits(units.offset, count, width, width * 4, to, starts.offset, rowScales.offset);
      this.#layer(index, count);
    }
    this.#take(count, this.#layers[last].width, out);
  }

  #layer(index: number, count: number): void {
    const { panels, scales, biases, width } = this.#layers[index];
    const { starts, rowScales, units: outputs } = this.#rank;
    const isRelu = index === this.#layers.length - 1 ? 0 : 1;
    for (let panel = 0; panel < panels.length; panel++) {
      const { first, units, weights } = panels[panel];
      const at = first * 4;
      const forward = units === 64 ? this.#forward64 : this.#forward16;
      forward(
        starts.offset,
        count,
        weights.offset,
        scales.offset + at,
        biases.offset + at,
        rowScales.offset,
        outputs.offset + at,
        width * 4,
        isRelu,
      );
    }
  }

  #packInputs(images: SampleValues, count: number): void {
    const { pipeline, inference } = this.#site;
    const { entries, starts, rowScales } = this.#rank;
    let from = images.byteOffset;
    if (!this.#keepsValues) {
      reduce(pipeline.apply({ values: images, count, shape: inference.input, full: 255 }), this.#values);
      from = this.#values.byteOffset;
    }
    if (this.#squares !== null) {
      const [height, width] = this.#squares;
      const to = entries.offset;
      const scales = rowScales.offset;
      this.#kernels.packImages(from, count, height, width, this.#scale, to, starts.offset, scales);
      return;
    }
    this.#kernels.packBytes(
      from,
      count,
      this.#features,
      this.#keepsValues ? 1 : 0,
      this.#scale,
      entries.offset,
      starts.offset,
      rowScales.offset,
    );
  }

  #take(count: number, width: number, out: Float32Array): void {
    const { outputs } = this.#site.inference.plan;
    for (let row = 0, next = 0; row < count; row++)
      for (let k = 0; k < outputs; k++) out[next++] = this.#units[row * width + k];
  }
}

/** How many bits values of this greatest one lose as inputs of seven bits. */
const lostBits = (full: number) => 32 - Math.clz32(Math.ceil((full + 1) / (mostInput + 1)) - 1);

/** Values as inputs of seven bits, rounded. */
function reduce({ values, full }: Values, out: Uint8Array): void {
  const shift = lostBits(full);
  const half = (1 << shift) >> 1;
  for (let i = 0; i < values.length; i++) out[i] = Math.min((values[i] + half) >> shift, mostInput);
}
