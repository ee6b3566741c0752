/**
 * A trainer. Only here are data read and prepared, kernels compiled, threads chosen, memory planned and a session
 * opened on a worker pool. Every command, study and bench that trains opens its session here.
 */
import type { Config } from '../config/schema.js';
import { sizeOf } from '../data/transforms/transform.js';
import { inTurns } from '../numbers/steps.js';
import type { Plan } from '../plan/plan.js';
import { UserError } from '../user-error.js';
import { explained } from '../worker/divergence.js';
import { Diverged } from '../worker/session-errors.js';
import { type Checkpoint, restore } from './checkpoint.js';
import { Session } from './session.js';
import { type Setup, timed } from './setup.js';
import { initialState } from './state.js';
import { type RunObserver, type RunOutcome, settingParameters, trainOnce } from './training-run.js';

export interface TrainOnceOptions {
  /**
   * Replaces the trainer's configuration by one that differs only in the length of the run, its evaluations or its
   * order.
   */
  readonly config?: Config;
  /** True by default. */
  readonly evaluates?: boolean;
  /** Goes on from there. */
  readonly from?: Checkpoint | null;
  /** Asked after each evaluation, whether the run is to end there. */
  readonly isOver?: () => boolean;
}

export class Trainer {
  readonly plan: Plan;
  readonly session: Session;
  readonly #setup: Setup;
  readonly #giveBack: () => Promise<void>;

  private constructor(setup: Setup, plan: Plan, session: Session, giveBack: () => Promise<void>) {
    this.plan = plan;
    this.session = session;
    this.#setup = setup;
    this.#giveBack = giveBack;
  }

  /**
   * Opens a session for `plan` on a worker pool of the setup, and waits for its workers.
   * @throws UserError if there is not enough memory; WorkerFailure; Interrupted.
   */
  static async open(setup: Setup, plan: Plan): Promise<Trainer> {
    const pool = setup.resources.borrow(plan.threads);
    // A signal outlives its sessions: its listeners would keep their memory.
    const interruption = new AbortController();
    const interrupt = () => interruption.abort(setup.signal.reason);
    if (setup.signal.aborted) interrupt();
    setup.signal.addEventListener('abort', interrupt, { once: true });
    const unlisten = () => setup.signal.removeEventListener('abort', interrupt);
    const giveBack = () => {
      unlisten();
      return setup.resources.giveBack(pool, plan.threads);
    };
    try {
      const session = await timed(setup.phases, 'start workers', () =>
        Session.open(plan, setup, pool, interruption.signal),
      );
      return new Trainer(setup, plan, session, giveBack);
    } catch (error) {
      unlisten();
      // Its workers may still wait for each other.
      await setup.resources.discard(pool);
      throw error;
    }
  }

  /** Sets the initial parameters of a run with this seed: drawn, unless a file is configured. */
  async start(seed: number): Promise<void> {
    const { config, signal, note, initial } = this.#setup;
    await inTurns(settingParameters(this.session, config, seed, initial), signal, note);
  }

  /** A whole run from the parameters that the seed draws. @throws as trainOnce does. */
  async train(
    seed: number,
    observer: Partial<RunObserver>,
    options: TrainOnceOptions = {},
  ): Promise<RunOutcome> {
    const { config = this.#setup.config, evaluates, from = null, isOver } = options;
    if (config.model.members > 1)
      throw UserError.refusal('model.members', '1: this command trains one network', config.model.members);
    await this.start(seed);
    const state = from === null ? initialState(seed) : restore(this.session, from);
    try {
      return await trainOnce(this.session, config, seed, observer, evaluates, state, isOver);
    } catch (error) {
      throw error instanceof Diverged ? this.#explained(error) : error;
    }
  }

  #explained(error: Diverged): Diverged {
    const { config, data, initial } = this.#setup;
    const { values, shape } = data.parts.train.values;
    return explained(error, {
      tensors: this.session.parameters(),
      inputs: values,
      width: sizeOf(shape),
      learningRate: config.optimizer.lr,
      normalise: config.data.normalise,
      initial,
      file: config.model.init.file ?? 'the given model',
    });
  }

  /** Lets the workers leave the session, and returns the worker pool. */
  async close(): Promise<void> {
    try {
      await this.session.close();
    } finally {
      await this.#giveBack();
    }
  }
}

/** Opens a trainer for a plan, passes it to `use`, and closes it in every case. */
export async function withTrainer<T>(
  setup: Setup,
  plan: Plan,
  use: (trainer: Trainer) => Promise<T>,
): Promise<T> {
  const trainer = await Trainer.open(setup, plan);
  try {
    return await use(trainer);
  } finally {
    await trainer.close();
  }
}
