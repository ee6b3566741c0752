/**
 * Logits of samples outside a training session: a separate memory with the parameters, and the forward pass of the
 * training kernels. The calling thread computes few images alone, because waking a worker takes longer. It shares the
 * chunks of more images with workers, if it has any.
 */

import { sizeOf } from '../data/transforms/transform.js';
import type { Int8Module } from '../kernels/int8/load-int8.js';
import { instantiateKernels } from '../kernels/kernels.js';
import type { LoadedKernels } from '../kernels/load.js';
import type { Tensor } from '../model/safetensors.js';
import { ExitCode, expectedGot, UserError } from '../user-error.js';
import { AbortReason, Control } from '../worker/control.js';
import { WorkerFailure } from '../worker/session-errors.js';
import { ChunkForward, type InferenceTask, modelOpener } from './chunk-forward.js';
import {
  deriveFirst,
  fillInference,
  type InferencePlan,
  type NetworkDescription,
  type Precision,
  planInference,
  roundSamples,
  type SampleValues,
} from './inference-plan.js';
import { RankThreads } from './rank-threads.js';

export type { NetworkDescription, Precision } from './inference-plan.js';

export interface PredictorOptions {
  /** The calling thread and threads − 1 workers; 1 by default. */
  readonly threads?: number;
  /** Number of cores available to this process; as many as threads by default. */
  readonly cores?: number;
  /** `int8`: weights and activations as bytes, for networks of ReLUs on pixels; float32 by default. */
  readonly precision?: Precision;
}

/** With at least this many chunks, workers share them: a chunk takes 0.1 to 0.2 ms, as long as waking a worker. */
const sharedFromChunks = 3;

/** A rank with fewer chunks than these gets them in halves, so that ranks end at the same time. */
const fewChunks = 16;

const fewLogits = 256;

/** How long the calling thread spins for the other ranks' last chunks before it sleeps. */
const roundSpinMs = 0.5;
const sleepMs = 5;

/** Ranks work for milliseconds after the calling thread has ended its share; one that takes so long is gone. */
const lostMs = 30_000;

export class Predictor {
  readonly outputs: number;
  readonly #inference: InferencePlan;
  /** Values of a sample. */
  readonly #pixels: number;
  /** Buffers of a round: u8 or f32 [roundImages][product of the shape], and f32 [roundImages][outputs]. */
  readonly #images: SampleValues;
  readonly #logits: Float32Array;
  readonly #control: Control;
  readonly #forward: ChunkForward;
  /** Null for the calling thread alone. */
  readonly #threads: RankThreads | null;
  #failure: unknown = null;
  #closed = false;

  private constructor(
    given: Omit<InferenceTask, 'rank'>,
    openModel: Awaited<ReturnType<typeof modelOpener>>,
  ) {
    const { inference, modules, memory } = given;
    const { plan } = inference;
    deriveFirst(plan, instantiateKernels(modules.engine, memory));
    this.outputs = plan.outputs;
    this.#inference = inference;
    this.#pixels = sizeOf(inference.input);
    const { logits } = inference;
    this.#images = roundSamples(inference, memory);
    this.#logits = new Float32Array(memory.buffer, logits.offset, logits.bytes / 4);
    this.#control = new Control(plan, memory);
    this.#forward = new ChunkForward({ ...given, rank: plan.threads - 1 }, openModel);
    this.#threads = plan.threads === 1 ? null : new RankThreads(plan.threads - 1, given);
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
    kernels: LoadedKernels | Promise<LoadedKernels>,
    source: string,
    { threads = 1, cores = threads, precision = 'float32' }: PredictorOptions = {},
  ): Promise<Predictor> {
    if (!Number.isInteger(threads) || threads < 1)
      throw new UserError(`threads: ${expectedGot('an integer from 1 up', threads)}`, ExitCode.usage);
    const integers = precision === 'int8' ? await import('./int8/int8-model.js') : null;
    integers?.checkHasInt8(network);
    const inference = planInference(network, threads, cores, precision);
    const memory = fillInference(inference, network.pipeline, tensors, source);
    const { modules, level } = await kernels;
    let int8: Int8Module | null = null;
    if (integers !== null && inference.int8 !== null) {
      const { loadInt8 } = await import('../kernels/int8/load-int8.js');
      int8 = await loadInt8(level);
      integers.fillInt8(inference.int8, network.pipeline, tensors, source, memory, int8);
    }
    const given = { inference, modules, int8, memory };
    const predictor = new Predictor(given, await modelOpener(given));
    await predictor.#ready();
    return predictor;
  }

  /**
   * images: u8 [n][product of the shape], or f32 for a network on real inputs; returns the logits, f32 [n][outputs], in
   * `out` if it is given.
   * @throws UserError (usage) if either has a length or a kind that does not fit; WorkerFailure.
   */
  predict(images: SampleValues, out?: Float32Array): Float32Array {
    if (this.#closed) throw new UserError('predict: the predictor is closed', ExitCode.usage);
    const { input, values, roundImages } = this.#inference;
    // By name: an array may be of another realm, such as a test environment's.
    const isReal = values === 'float32';
    const kind = isReal ? 'Float32Array' : 'Uint8Array';
    if (images[Symbol.toStringTag] !== kind)
      throw new UserError(
        `images: expected a ${kind}, since the network was trained on ${values}, got ${images[Symbol.toStringTag]}`,
        ExitCode.usage,
      );
    const pixels = this.#pixels;
    const count = images.length / pixels;
    if (!Number.isInteger(count)) {
      const expected = `images: expected whole samples of ${input.join('×')} values${isReal ? '' : ', a byte each'}`;
      throw new UserError(`${expected}, got ${images.length} ${isReal ? 'values' : 'bytes'}`, ExitCode.usage);
    }
    const logits = out ?? new Float32Array(count * this.outputs);
    if (logits.length !== count * this.outputs) {
      const expected = `out: expected room for ${count}×${this.outputs} logits`;
      throw new UserError(`${expected}, got ${logits.length}`, ExitCode.usage);
    }
    for (let first = 0; first < count; first += roundImages) {
      const last = Math.min(first + roundImages, count);
      const isWhole = last - first === count;
      this.#round(isWhole ? images : images.subarray(first * pixels, last * pixels), last - first);
      this.#take(last - first, logits, first * this.outputs);
    }
    return logits;
  }

  /** Computes `count` images into the first logits in memory. */
  #round(images: SampleValues, count: number): void {
    const { plan } = this.#inference;
    const { evaluationChunk } = plan;
    if (this.#threads === null || count < sharedFromChunks * evaluationChunk) {
      this.#images.set(images);
      this.#forward.compute(count, evaluationChunk);
      return;
    }
    const control = this.#control;
    const size = this.#chunkOf(count);
    control.sendRound(count, size);
    // The others begin with the first chunks while the rest is copied.
    for (let first = 0; first < count; first += size) {
      const last = Math.min(count, first + size);
      this.#images.set(images.subarray(first * this.#pixels, last * this.#pixels), first * this.#pixels);
      control.announceLoaded(last);
    }
    this.#forward.computeShare(control, count, size);
    control.reportDone();
    const spinUntil = performance.now() + (plan.oversubscribed ? 0 : roundSpinMs);
    const lostAt = performance.now() + lostMs;
    while (!control.allDone) {
      if (control.aborted) throw this.#failed();
      // The end of a thread is an event, which this loop holds up.
      if (performance.now() > lostAt) {
        this.#failure ??= new Error(`no answer for ${lostMs / 1000} s`);
        control.abort(AbortReason.workerError);
      }
      if (performance.now() > spinUntil) control.waitForReport('done', sleepMs);
    }
  }

  /** Direction features are made in chunks of one size. Others are cut in half if a rank has few. */
  #chunkOf(count: number): number {
    const { evaluationChunk: chunk, directions, threads } = this.#inference.plan;
    return directions === null && count < fewChunks * threads * chunk ? Math.ceil(chunk / 2) : chunk;
  }

  /** A copy of the round's logits to `at`. A loop for few, because a view would be garbage. */
  #take(count: number, logits: Float32Array, at: number): void {
    const length = count * this.outputs;
    if (length > fewLogits) logits.set(this.#logits.subarray(0, length), at);
    else for (let i = 0; i < length; i++) logits[at + i] = this.#logits[i];
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
    if (!this.#closed && !this.#control.aborted) this.#control.send(null);
    this.#closed = true;
    await this.#threads?.close();
  }
}
