/**
 * The memory of a predictor: the plan of a training run without its training regions, whose test part has room for one
 * chunk of images for each rank. After it come the images of a round and their logits, which the ranks share.
 */

import { writeStrips } from '../backend/directions/strip-tensors.js';
import type { Config } from '../config/schema.js';
import { describeModel } from '../data/transforms/directions/describe-model.js';
import { TransformTensors } from '../data/transforms/directions/transform-tensors.js';
import type { Pipeline } from '../data/transforms/pipeline.js';
import { type Shape, sizeOf, type ValueKind } from '../data/transforms/transform.js';
import type { Kernels } from '../kernels/kernels.js';
import { Arena, type Region } from '../memory/arena.js';
import { allocate } from '../memory/shared-memory.js';
import { wordsIn } from '../memory/views.js';
import { withShortcut } from '../model/network.js';
import { importParameters } from '../model/parameters.js';
import type { Tensor } from '../model/safetensors.js';
import { fillBlocks } from '../plan/fill-memory.js';
import { makePlan } from '../plan/make-plan.js';
import type { DataFacts, Plan } from '../plan/plan.js';
import { UserError } from '../user-error.js';
import { type Int8Plan, planInt8, squaresOf } from './int8/int8-plan.js';
import { planSkipping, type SkippingRoom } from './skipping-layer.js';

/** Of samples as given: u8 pixels or f32 real numbers, [count][product of the shape]. */
export type SampleValues = Uint8Array | Float32Array;

/** The facts that the tensors do not contain. */
export interface NetworkDescription {
  readonly config: Config;
  /** The transforms of the training run, fitted on its samples. */
  readonly pipeline: Pipeline;
  /** As returned by prepareData: packing, classes. */
  readonly facts: DataFacts;
}

export interface InferencePlan {
  readonly plan: Plan;
  /** Shape of a sample as given. */
  readonly input: Shape;
  /** Kind of its values. */
  readonly values: ValueKind;
  /** The tensors from which each rank restores the transforms. */
  readonly data: Config['data'];
  readonly fitted: ReadonlyMap<string, Tensor>;
  /**
   * Samples from the place of one rank's chunk to the next's. Packed: one more than a chunk, because its end is a start
   * too.
   */
  readonly stride: number;
  /** Images in memory at a time: one chunk for a single rank, many for several ranks to share. */
  readonly roundImages: number;
  /** u8 or f32 [roundImages][product of input]. */
  readonly images: Region;
  /** f32 [roundImages][outputs]. */
  readonly logits: Region;
  /** Sparse: where each feature range ends, i32. */
  readonly rangeEnds: Region;
  /** Per rank: the active inputs of a layer. */
  readonly skipping: readonly SkippingRoom[];
  /** Of a network of integers; null: float32. */
  readonly int8: Int8Plan | null;
  readonly bytes: number;
}

/** `int8`: weights and activations as bytes. */
export type Precision = 'float32' | 'int8';

/** 784 pixels: 5 MB of images. */
const roundChunks = 64;

export function planInference(
  { config, facts, pipeline }: NetworkDescription,
  threads: number,
  cores: number,
  precision: Precision = 'float32',
): InferencePlan {
  const { input, values } = pipeline;
  // The scale is the pipeline's, not the facts': a pipeline from a file may go with facts of other samples.
  const { scale, shift } = pipeline.affine;
  const shifted = shift.some((value) => value !== 0);
  const settings: Config = {
    ...config,
    backend: { name: 'wasm' },
    data: { ...config.data, take: null },
    // No training region is planned.
    train: { ...config.train, batch: 1, selective: { beta: 0 } },
    parallel: { ...config.parallel, sync: 'owner' },
    log: { ...config.log, noiseScale: false },
  };
  const none = { count: 0, nonZeros: 0 };
  const planOf = (count: number) => {
    const parts = { train: none, validation: none, test: { count, nonZeros: count * facts.features } };
    return makePlan(settings, { ...facts, scale, shifted, parts }, threads, cores);
  };
  const { evaluationChunk, directions } = planOf(1);
  const stride = directions === null ? evaluationChunk + 1 : evaluationChunk;
  const made = planOf(stride * threads);
  // The parameters never change, so the centred bias is computed once, not as the plan would do in training.
  const plan = { ...made, input: { ...made.input, centredByOwner: made.input.shifted } };
  const arena = new Arena(plan.bytes);
  const roundImages = (threads === 1 ? 1 : roundChunks) * plan.evaluationChunk;
  const images = arena.take(roundImages * sizeOf(input) * (values === 'float32' ? 4 : 1));
  const logits = arena.take(roundImages * plan.outputs * 4);
  const rangeEnds = arena.take(plan.input.rangeEnds.length * 4);
  const sizes = [facts.features, ...config.model.hidden, facts.outputs];
  const chunk = plan.evaluationChunk;
  const int8 =
    precision === 'int8'
      ? planInt8(sizes, { chunk, threads, squares: squaresOf(pipeline) }, arena.take)
      : null;
  const skipping = Array.from({ length: threads }, () => planSkipping(plan, arena.take));
  const transforms = { data: config.data, fitted: pipeline.tensors() };
  const buffers = { roundImages, images, logits, rangeEnds, skipping, int8, bytes: arena.bytes };
  return { plan, input, values, ...transforms, stride, ...buffers };
}

/** The samples of a round. */
export function roundSamples({ values, images }: InferencePlan, memory: WebAssembly.Memory): SampleValues {
  return values === 'float32'
    ? new Float32Array(memory.buffer, images.offset, images.bytes / 4)
    : new Uint8Array(memory.buffer, images.offset, images.bytes);
}

/** @throws UserError if a tensor is missing or does not fit, or if there is not enough memory. */
export function fillInference(
  { plan, rangeEnds, bytes }: InferencePlan,
  pipeline: Pipeline,
  tensors: ReadonlyMap<string, Tensor>,
  source: string,
): WebAssembly.Memory {
  const { regions, parameters } = plan;
  const memory = allocate(bytes);
  const { buffer } = memory;
  const identity = new Int32Array(buffer, regions.identity.offset, regions.identity.bytes / 4);
  for (let i = 0; i < identity.length; i++) identity[i] = i;
  new Int32Array(buffer, rangeEnds.offset, plan.input.rangeEnds.length).set(plan.input.rangeEnds);
  const vector = new Float32Array(buffer, regions.parameters.offset, parameters);
  const { directions } = plan;
  if (directions === null || directions.hasLayers)
    importParameters(withShortcut(plan), tensors, vector, source);
  else writeStrips(directions.shape, plan.outputs, vector, tensors, source, '');
  fillBlocks(plan, pipeline, memory);
  const { shift } = pipeline.affine;
  if (directions === null) new Float32Array(buffer, regions.shift.offset, shift.length).set(shift);
  else {
    describeModel(plan, directions, memory);
    if (!new TransformTensors(directions, memory).write(tensors, source, ''))
      throw new UserError(
        `${source}: expected the tensors of direction features, such as features.mean, found none`,
      );
    const order = wordsIn(memory, directions.parts.test.order);
    for (let i = 0; i < order.length; i++) order[i] = i;
  }
  return memory;
}

/** What the first layer derives from its weights, once for all. */
export function deriveFirst(plan: Plan, kernels: Kernels): void {
  centreBias(plan, kernels);
  const { layers, regions, derived } = plan;
  const [sums] = derived;
  if (sums === null) return;
  const [{ panels, panelWidth, panelFloats, inputs, offset }] = layers;
  for (let panel = 0; panel < panels; panel++) {
    const place = panel * panelFloats * 4;
    const weights = regions.parameters.offset + offset * 4 + place;
    kernels.sumRanges(weights, regions.blocks.offset, 0, inputs, 1, panelWidth, sums.offset + place);
  }
}

/** For shifted sparse inputs: the bias that represents the shift. */
function centreBias({ layers, regions, input }: Plan, kernels: Kernels): void {
  if (input.packing !== 'sparse' || !input.shifted) return;
  const [{ panels, panelWidth, panelFloats, inputs }] = layers;
  for (let panel = 0; panel < panels; panel++) {
    const weights = regions.parameters.offset + panel * panelFloats * 4;
    const bias = regions.centredBias.offset + panel * panelWidth * 4;
    kernels.centredBias(weights, inputs, panelWidth, regions.shift.offset, bias);
  }
}
