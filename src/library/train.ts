/** `train()`: a training in a thread of its own, seen from the caller's thread. */
import { isPath } from '../config/home.js';
import { refuseOtherKeys } from '../data/other-keys.js';
import { ExitCode, UserError } from '../user-error.js';
import { receivedError } from './errors.js';
import { type ModelBytes, readModel } from './files.js';
import { borrowHost, type HostThread } from './host-thread.js';
import type { FromHost, Last, TrainRequest } from './messages.js';
import { Model } from './model.js';
import type { Data, Epoch, TrainOptions, TrainWarning } from './types.js';

/**
 * Trains a network. Nothing is printed, logged or written unless it is asked for; errors reject the run.
 *
 * @example
 * const run = train({ set: 'mnist' }, { recipe: 'mnist-97' });
 * for await (const { epoch, accuracy } of run) console.log(epoch, accuracy);
 * const model = await run;
 */
export function train(data: Data, options: TrainOptions = {}): TrainingRun {
  return new TrainingRun(data, options);
}

/** A training: awaited, it is its model; iterated over, its epochs. */
export class TrainingRun implements PromiseLike<Model>, AsyncIterable<Epoch>, AsyncDisposable {
  /** The trained model. Rejected with a UserError, or with the signal's reason. */
  readonly model: Promise<Model>;
  readonly #options: TrainOptions;
  readonly #epochs: Epoch[] = [];
  readonly #warnings: TrainWarning[] = [];
  /** Resolved, and replaced, whenever there is a new epoch or the end. */
  #news = deferred<void>();
  #ended = false;
  #host: HostThread | null = null;
  #stopped = false;

  /** @internal */
  constructor(data: Data, options: TrainOptions) {
    this.#options = options;
    this.model = this.#run(data).finally(() => {
      this.#ended = true;
      this.#news.resolve();
    });
  }

  /** The warnings so far. Their codes are in docs/warnings.md. */
  get warnings(): readonly TrainWarning[] {
    return this.#warnings;
  }

  /** Ends the training after its present step; its model is that of the steps so far. */
  stop(): void {
    this.#stopped = true;
    this.#host?.stop();
  }

  // biome-ignore lint/suspicious/noThenProperty: a run is awaited for its model.
  then<Result = Model, Failure = never>(
    fulfilled?: ((model: Model) => Result | PromiseLike<Result>) | null,
    rejected?: ((reason: unknown) => Failure | PromiseLike<Failure>) | null,
  ): Promise<Result | Failure> {
    return this.model.then(fulfilled, rejected);
  }

  /** As of the promise of the model. */
  catch<Failure>(rejected: (reason: unknown) => Failure | PromiseLike<Failure>): Promise<Model | Failure> {
    return this.model.catch(rejected);
  }

  /** As of the promise of the model. */
  finally(ended: () => void): Promise<Model> {
    return this.model.finally(ended);
  }

  /** Each epoch, from the first on, and the run's error if it fails. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Epoch, void, undefined> {
    // The error is thrown here.
    this.model.catch(() => {});
    for (let next = 0; ; ) {
      const { promise } = this.#news;
      while (next < this.#epochs.length) yield this.#epochs[next++];
      if (this.#ended) break;
      await promise;
    }
    await this.model;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) this.stop();
    await this.model.then(
      (model) => model[Symbol.asyncDispose](),
      () => {},
    );
  }

  async #run(data: Data): Promise<Model> {
    const { signal } = this.#options;
    if (signal !== undefined && !(signal instanceof AbortSignal))
      throw UserError.refusal('signal', 'an AbortSignal', signal);
    signal?.throwIfAborted();
    const stop = () => this.stop();
    signal?.addEventListener('abort', stop, { once: true });
    try {
      const request = await requestOf(data, this.#options);
      const { bytes, kernels } = await this.#train(request);
      signal?.throwIfAborted();
      const source = 'the trained model';
      return await (kernels === null
        ? Model.load(Promise.resolve({ bytes, source }))
        : Model.open(bytes, source, kernels));
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  #train(request: TrainRequest): Promise<Extract<FromHost, { kind: 'done' }>['result']> {
    return new Promise((resolve, reject) => {
      /** Of the caller's logger or onProgress, neither of which is called again. */
      let failure: { readonly error: unknown } | null = null;
      const receive = (message: FromHost) => {
        if (message.kind === 'done' || message.kind === 'failed') {
          // The thread may already train for another run, which a late stop() must not reach.
          this.#host = null;
          // Not before: the checkpoint and the records of a run in a folder are written by now.
          if (failure !== null) reject(failure.error);
          else if (message.kind === 'done') resolve(message.result);
          else reject(failureOf(message));
        } else if (message.kind !== 'read' && failure === null)
          try {
            this.#report(message);
          } catch (error) {
            failure = { error };
            this.stop();
          }
      };
      this.#host = borrowHost();
      this.#host.start({ kind: 'train', request }, receive, reject);
      if (this.#stopped) this.#host.stop();
    });
  }

  #report(message: Exclude<FromHost, Last>): void {
    const { logger, onProgress } = this.#options;
    if (message.kind === 'epoch') {
      const { epoch } = message;
      this.#epochs.push(epoch);
      const { resolve } = this.#news;
      this.#news = deferred();
      resolve();
      logger?.info(epoch, `epoch ${epoch.epoch}`);
    } else if (message.kind === 'warning') {
      this.#warnings.push(message.warning);
      logger?.warn({ code: message.warning.code }, message.warning.message);
    } else if (message.kind === 'progress') onProgress?.(message.progress);
    else logger?.[message.level]({}, message.message);
  }
}

function failureOf({ error }: Extract<FromHost, { kind: 'failed' }>): Error {
  return error.interrupted
    ? new UserError('the training was stopped before its first step', ExitCode.interrupted)
    : receivedError(error);
}

const optionKeys = ['recipe', 'threads', 'seed', 'signal', 'out', 'resume', 'logger', 'from', 'onProgress'];

async function requestOf(data: Data, options: TrainOptions): Promise<TrainRequest> {
  refuseOtherKeys('options', options, optionKeys);
  checkOptions(options);
  const { recipe = null, threads = null, seed = null, out = null, resume = null, signal, from } = options;
  // Not before it is needed: most programs only load models.
  const { sendData } = await import('./send-data.js');
  return {
    data: await sendData(data, signal ?? new AbortController().signal),
    ...{ recipe, threads, seed, out, resume },
    from: from === undefined ? null : await startOf(from),
    progress: options.onProgress !== undefined,
    logs: options.logger !== undefined,
  };
}

/** @throws UserError (usage) for an option of another kind. Values of keys are checked with the recipe. */
function checkOptions({ recipe, out, resume, logger, onProgress }: TrainOptions): void {
  const isKeys = typeof recipe === 'object' && recipe !== null && !Array.isArray(recipe);
  if (recipe !== undefined && !isKeys && !isPath(recipe))
    throw UserError.refusal('recipe', 'a name, a path or an object of keys', recipe);
  if (out !== undefined && !isPath(out)) throw UserError.refusal('out', 'the path of a run folder', out);
  if (resume !== undefined && !isPath(resume))
    throw UserError.refusal('resume', 'the path of a run folder', resume);
  if (resume !== undefined && out !== undefined)
    throw UserError.refusal('out', 'none beside resume: a run goes on in its own folder', out);
  if (onProgress !== undefined && typeof onProgress !== 'function')
    throw UserError.refusal('onProgress', 'a function', onProgress);
  for (const level of ['debug', 'info', 'warn'] as const)
    if (logger !== undefined && typeof logger?.[level] !== 'function')
      throw UserError.refusal(`logger.${level}`, 'a function', logger?.[level]);
}

async function startOf(from: NonNullable<TrainOptions['from']>): Promise<ModelBytes> {
  if (from instanceof Model) return { bytes: from.toSafetensors(), source: from.source };
  return from instanceof Uint8Array ? { bytes: from, source: 'from' } : readModel('from', from);
}

function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
