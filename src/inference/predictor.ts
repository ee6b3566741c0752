/**
 * Logits of images outside a training session: a memory of its own with the parameters and one chunk of images, and
 * the forward pass of the training kernels over it, in the calling thread. For networks on pixels.
 */
import { ForwardPass } from '../backend/wasm/forward.js';
import type { Config } from '../config/schema.js';
import { type DataFacts, makePlan, type Plan } from '../coordinator/plan.js';
import { allocate } from '../coordinator/shared-memory.js';
import { extractFeatures } from '../data/features.js';
import { packDense, packSparse } from '../data/packing.js';
import { instantiateKernels, type Kernels } from '../kernels/kernels.js';
import type { LoadedKernels } from '../kernels/load.js';
import { importParameters } from '../model/parameters.js';
import type { Tensor } from '../model/safetensors.js';
import { ExitCode, expectedGot, UserError } from '../user-error.js';

/** What the tensors alone do not say. */
export interface NetworkDescription {
  readonly config: Config;
  /** Of the images, in pixels, before cropping and pooling. */
  readonly rows: number;
  readonly columns: number;
  /** Of the training images, as prepareData gives them: packing, normalisation, classes. */
  readonly facts: DataFacts;
  readonly shift: Float32Array;
}

export interface Predictor {
  readonly classes: number;
  /**
   * images: u8 [n][rows · columns]; returns the logits, f32 [n][classes], in `out` where one is given.
   * @throws UserError (usage) when either has a length that does not fit.
   */
  predict(images: Uint8Array, out?: Float32Array): Float32Array;
}

/**
 * `tensors`: as a run saves them; `source` names them in messages.
 * @throws UserError for direction features, and when a tensor is missing or does not fit.
 */
export function openPredictor(
  network: NetworkDescription,
  tensors: ReadonlyMap<string, Tensor>,
  kernels: LoadedKernels,
  source: string,
): Predictor {
  const { kind } = network.config.data.features;
  if (kind !== 'pixels') {
    throw new UserError(
      `data.features.kind: ${expectedGot('pixels, the features that predictions are made from', kind)}`,
      ExitCode.usage,
    );
  }
  const plan = inferencePlan(network);
  const memory = allocate(plan.bytes);
  const { regions } = plan;
  const vector = new Float32Array(memory.buffer, regions.parameters.offset, plan.parameters);
  importParameters(plan.layers, tensors, vector, source);
  new Float32Array(memory.buffer, regions.shift.offset, network.shift.length).set(network.shift);
  const identity = new Int32Array(memory.buffer, regions.identity.offset, plan.evaluationChunk);
  for (let i = 0; i < identity.length; i++) identity[i] = i;
  return new ChunkedPredictor(plan, network, instantiateKernels(kernels.modules.engine, memory), memory);
}

/** One thread, and one chunk of images as the test part. */
function inferencePlan({ config, facts }: NetworkDescription): Plan {
  const settings: Config = {
    ...config,
    backend: 'wasm',
    train: { ...config.train, batch: 1 },
    parallel: { ...config.parallel, sync: 'owner' },
  };
  const none = { count: 0, nonZeros: 0 };
  const plan = (count: number) => {
    const parts = { train: none, validation: none, test: { count, nonZeros: count * facts.features } };
    return makePlan(settings, { ...facts, parts }, 1, 1);
  };
  const made = plan(plan(1).evaluationChunk);
  // The parameters never change, so the centred bias is computed once, whatever the plan would do in training.
  return { ...made, input: { ...made.input, centredByOwner: made.input.shifted } };
}

class ChunkedPredictor implements Predictor {
  readonly classes: number;
  readonly #plan: Plan;
  readonly #network: NetworkDescription;
  readonly #pass: ForwardPass;
  readonly #memory: WebAssembly.Memory;
  /** Sparse: where each feature range of a row begins; dense: the rows. */
  readonly #starts: Uint32Array;
  readonly #dense: Uint16Array;
  /** Of a chunk: f32 [panels][chunk][16]. */
  readonly #logits: Float32Array;

  constructor(plan: Plan, network: NetworkDescription, kernels: Kernels, memory: WebAssembly.Memory) {
    const { layers, regions, parts, input } = plan;
    this.classes = plan.classes;
    this.#plan = plan;
    this.#network = network;
    const workspace = plan.evaluation[0];
    this.#pass = new ForwardPass(plan, kernels, workspace, regions.scratch.offset);
    const { values, starts } = parts.test;
    this.#memory = memory;
    this.#starts = new Uint32Array(memory.buffer, starts.offset, starts.bytes / 4);
    this.#dense = new Uint16Array(memory.buffer, values.offset, values.bytes / 2);
    const { offset, bytes } = workspace.activations[layers.length - 1];
    this.#logits = new Float32Array(memory.buffer, offset, bytes / 4);
    if (input.packing === 'sparse' && input.shifted) {
      const [{ panels, panelWidth, panelFloats, inputs }] = layers;
      for (let panel = 0; panel < panels; panel++) {
        const weights = regions.parameters.offset + panel * panelFloats * 4;
        const bias = regions.centredBias.offset + panel * panelWidth * 4;
        kernels.centredBias(weights, inputs, panelWidth, regions.shift.offset, bias);
      }
    }
  }

  predict(images: Uint8Array, out?: Float32Array): Float32Array {
    const { rows, columns } = this.#network;
    const pixels = rows * columns;
    const count = images.length / pixels;
    if (!Number.isInteger(count)) {
      const expected = `images: expected whole images of ${rows}×${columns} pixels, a byte each`;
      throw new UserError(`${expected}, got ${images.length} bytes`, ExitCode.usage);
    }
    const logits = out ?? new Float32Array(count * this.classes);
    if (logits.length !== count * this.classes) {
      const expected = `out: expected room for ${count}×${this.classes} logits`;
      throw new UserError(`${expected}, got ${logits.length}`, ExitCode.usage);
    }
    const chunk = this.#plan.evaluationChunk;
    for (let first = 0; first < count; first += chunk) {
      const last = Math.min(first + chunk, count);
      this.#chunk(images.subarray(first * pixels, last * pixels), last - first, logits, first * this.classes);
    }
    return logits;
  }

  #chunk(images: Uint8Array, count: number, logits: Float32Array, start: number): void {
    const { input, regions, parts } = this.#plan;
    const { crop, pool } = this.#network.config.data;
    const { rows, columns } = this.#network;
    const features = extractFeatures({ images, count, rows, columns }, crop, pool);
    if (input.packing === 'dense') packDense(features, this.#dense, input.width);
    else packSparse(features, input, this.#memory.buffer, parts.test.values.offset, this.#starts);
    const all = { first: 0, last: count };
    this.#pass.fetch('test', regions.identity.offset, all);
    this.#pass.run(all);
    const rowsOfPanel = this.#plan.evaluationChunk;
    for (let row = 0, next = start; row < count; row++)
      for (let k = 0; k < this.classes; k++)
        logits[next++] = this.#logits[((k >> 4) * rowsOfPanel + row) * 16 + (k & 15)];
  }
}
