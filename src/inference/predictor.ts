/**
 * Logits of samples outside a training session: a separate memory with the parameters, and the forward pass of the
 * training kernels. The calling thread computes few images alone, because waking a worker takes longer. It shares the
 * chunks of more images with workers, if it has any.
 */

import { sizeOf } from '../data/transforms/transform.js';
import { instantiateKernels } from '../kernels/kernels.js';
import type { KernelModules, LoadedKernels } from '../kernels/load.js';
import type { Tensor } from '../model/safetensors.js';
import { ExitCode, expectedGot, UserError } from '../user-error.js';
import { AbortReason, Control } from '../worker/control.js';
import { WorkerFailure } from '../worker/session-errors.js';
import { ChunkForward } from './chunk-forward.js';
import {
  centreBias,
  fillInference,
  type InferencePlan,
  type NetworkDescription,
  planInference,
  roundSamples,
  type SampleValues,
} from './inference-plan.js';
import { RankThreads } from './rank-threads.js';

export type { NetworkDescription } from './inference-plan.js';

export interface PredictorOptions {
  /** The calling thread and threads − 1 workers; 1 by default. */
  readonly threads?: number;
  /** Number of cores available to this process; as many as threads by default. */
  readonly cores?: number;
}

/** With at least this many chunks, workers share them: a chunk takes 0.1 to 0.2 ms, as long as waking a worker. */
const sharedFromChunks = 3;

/** How long the calling thread spins for the other ranks' last chunks before it sleeps. */
const roundSpinMs = 0.5;
const sleepMs = 5;

export class Predictor {
  readonly classes: number;
  readonly #inference: InferencePlan;
  /** Buffers of a round: u8 or f32 [roundImages][product of the shape], and f32 [roundImages][classes]. */
  readonly #images: SampleValues;
  readonly #logits: Float32Array;
  readonly #control: Control;
  readonly #forward: ChunkForward;
  /** Null for the calling thread alone. */
  readonly #threads: RankThreads | null;
  #failure: unknown = null;

  private constructor(inference: InferencePlan, memory: WebAssembly.Memory, modules: KernelModules) {
    const { plan } = inference;
    centreBias(plan, instantiateKernels(modules.engine, memory));
    this.classes = plan.classes;
    this.#inference = inference;
    const { logits } = inference;
    this.#images = roundSamples(inference, memory);
    this.#logits = new Float32Array(memory.buffer, logits.offset, logits.bytes / 4);
    this.#control = new Control(plan, memory);
    this.#forward = new ChunkForward(inference, modules, memory, plan.threads - 1);
    this.#threads =
      plan.threads === 1 ? null : new RankThreads(plan.threads - 1, { inference, modules, memory });
    for (const ended of this.#threads?.ended ?? []) {
      ended.catch((error: unknown) => {
        this.#failure ??= error;
        this.#control.abort(AbortReason.workerError);
      });
    }
  }

  /**
   * `tensors`: as saved by a run; `source` names them in messages. The caller closes the predictor.
   * @throws UserError for an invalid number of threads, and if a tensor is missing or does not
   * fit; WorkerFailure.
   */
  static async open(
    network: NetworkDescription,
    tensors: ReadonlyMap<string, Tensor>,
    kernels: LoadedKernels,
    source: string,
    { threads = 1, cores = threads }: PredictorOptions = {},
  ): Promise<Predictor> {
    if (!Number.isInteger(threads) || threads < 1)
      throw new UserError(`threads: ${expectedGot('an integer from 1 up', threads)}`, ExitCode.usage);
    const inference = planInference(network, threads, cores);
    const memory = fillInference(inference, network.pipeline.affine.shift, tensors, source);
    const predictor = new Predictor(inference, memory, kernels.modules);
    await predictor.#ready();
    return predictor;
  }

  /**
   * images: u8 [n][product of the shape], or f32 for a network on real inputs; returns the logits, f32 [n][classes], in
   * `out` if it is given.
   * @throws UserError (usage) if either has a length or a kind that does not fit; WorkerFailure.
   */
  predict(images: SampleValues, out?: Float32Array): Float32Array {
    const { input, values, roundImages } = this.#inference;
    // By name: an array may be of another realm, such as a test environment's.
    const isReal = values === 'float32';
    const kind = isReal ? 'Float32Array' : 'Uint8Array';
    if (images[Symbol.toStringTag] !== kind)
      throw new UserError(
        `images: expected a ${kind}, since the network was trained on ${values}, got ${images[Symbol.toStringTag]}`,
        ExitCode.usage,
      );
    const pixels = sizeOf(input);
    const count = images.length / pixels;
    if (!Number.isInteger(count)) {
      const expected = `images: expected whole samples of ${input.join('×')} values${isReal ? '' : ', a byte each'}`;
      throw new UserError(`${expected}, got ${images.length} ${isReal ? 'values' : 'bytes'}`, ExitCode.usage);
    }
    const logits = out ?? new Float32Array(count * this.classes);
    if (logits.length !== count * this.classes) {
      const expected = `out: expected room for ${count}×${this.classes} logits`;
      throw new UserError(`${expected}, got ${logits.length}`, ExitCode.usage);
    }
    for (let first = 0; first < count; first += roundImages) {
      const last = Math.min(first + roundImages, count);
      this.#images.set(images.subarray(first * pixels, last * pixels));
      this.#round(last - first);
      logits.set(this.#logits.subarray(0, (last - first) * this.classes), first * this.classes);
    }
    return logits;
  }

  /** Computes the first `count` images in memory into the first logits. */
  #round(count: number): void {
    const { plan } = this.#inference;
    if (this.#threads === null || count < sharedFromChunks * plan.evaluationChunk) {
      let next = 0;
      this.#forward.claimChunks(count, () => next++);
      return;
    }
    const control = this.#control;
    const round = { first: 0, count, firstSample: 0, epochSamples: 0 };
    control.send({ ...round, extract: false, fit: false, evaluate: null });
    this.#forward.claimChunks(count, () => control.claimChunk());
    control.reportDone();
    const spinUntil = performance.now() + (plan.oversubscribed ? 0 : roundSpinMs);
    while (!control.allDone) {
      if (control.aborted) throw this.#failed();
      if (performance.now() > spinUntil) control.waitForReport('done', sleepMs);
    }
  }

  async #ready(): Promise<void> {
    this.#control.reportReady();
    while (!this.#control.allReady) {
      if (this.#control.aborted) {
        await this.close();
        throw this.#failed();
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  #failed(): Error {
    return new WorkerFailure(this.#control.abortDetail, this.#failure ?? 'left a prediction early');
  }

  /** Releases the workers. */
  async close(): Promise<void> {
    if (!this.#control.aborted) this.#control.send(null);
    await this.#threads?.close();
  }
}
