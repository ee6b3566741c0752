/**
 * Resources shared by many runs of many recipes: data sets read once, kernels compiled once, and worker pools that stay
 * warm. A worker pool is lent to one session at a time; several of the same size may be lent at once.
 */
import type { Config } from '../config/schema.js';
import { trainingImages } from '../coordinator/prepare-data.js';
import { OwnResources } from '../coordinator/resources.js';
import { openSetup, planFor, type Setup, threadsFor } from '../coordinator/setup.js';
import { Trainer } from '../coordinator/trainer.js';
import type { LoadedKernels } from '../kernels/load.js';
import type { CoreCount } from '../machine/cores.js';
import { settledSync } from '../plan/choose-sync.js';
import { fixedThreads } from '../plan/threads.js';
import type { CommandContext } from '../run/command-context.js';
import type { Warn } from '../warnings.js';

/** A trainer on a lent worker pool. */
export interface Bench {
  readonly config: Config;
  readonly trainer: Trainer;
}

export class Workbench {
  readonly #cores: CoreCount;
  readonly #signal: AbortSignal;
  readonly #note: (line: string) => void;
  readonly #warn: Warn;
  readonly #resources: OwnResources;

  constructor(cores: CoreCount, { signal, progress, warnings }: CommandContext) {
    this.#cores = cores;
    this.#signal = signal;
    this.#note = (line) => progress.note(line);
    this.#warn = warnings.warn;
    this.#resources = new OwnResources(signal, this.#note, this.#warn, true);
  }

  /** Level of the kernels for recipes on pixels: what the machine supports. */
  kernels(): LoadedKernels {
    return this.#resources.kernelsFor(null);
  }

  /**
   * Number of training samples and of threads. The data are prepared only if the number of threads depends on the
   * strategy, and that on the data. @throws UserError for data that cannot be read.
   */
  async size(config: Config): Promise<{ readonly train: number; readonly threads: number }> {
    const dataset = await this.#resources.dataset(config);
    const train = trainingImages(dataset, config);
    const sync = settledSync(config);
    const { count } =
      fixedThreads(config, this.#cores, sync) ??
      (sync === null
        ? (await this.#setup(config)).threads
        : threadsFor(config, this.#cores, dataset, sync, (await this.#setup(config)).data.facts));
    return { train, threads: count };
  }

  #setup(config: Config): Promise<Setup> {
    return openSetup({
      ...{ config, cores: this.#cores, signal: this.#signal },
      ...{ note: this.#note, warn: this.#warn },
      resources: this.#resources,
      startsWorkers: false,
    });
  }

  /** @throws UserError for a configuration that contradicts the data, Interrupted. */
  async open(config: Config): Promise<Bench> {
    this.#signal.throwIfAborted();
    const setup = await this.#setup(config);
    return { config, trainer: await Trainer.open(setup, planFor(setup)) };
  }

  close(): Promise<void> {
    return this.#resources.close();
  }
}
