/**
 * The work of each phase by the shapes of its arrays: floating-point operations, and the least bytes to move. Every
 * array that a phase reads or writes counts once a pass (a step's batch, an evaluation's chunk), in cache or memory;
 * f32 is four bytes. Operations of index arithmetic and of padding do not count.
 */

import type { PartName } from '../data/dataset.js';
import type { DirectionShape } from '../kernels/directions/spec.js';
import { imageSide } from '../kernels/directions/spec.js';
import type { LayerLayout } from '../model/layers/layer.js';
import { withShortcut } from '../model/network.js';
import { stateVectors } from '../optim/optimizer.js';
import type { Plan } from '../plan/plan.js';
import { blocksOf } from '../plan/plan-units.js';
import { backwardNumber, forwardNumber, phaseNumber } from './phases.js';

/**
 * Totals of a run over all workers. `flop` null: integer work, or an algorithm whose operations do not follow from
 * shapes.
 */
export interface PhaseWork {
  readonly flop: number | null;
  readonly bytes: number;
}

/** The work of a run, in images. */
export interface RunWork {
  /** Mean non-zero inputs of an image of each part; sparse inputs only. */
  readonly nonZeros: Readonly<Record<PartName, number>>;
  readonly steps: number;
  readonly images: number;
  readonly evaluated: readonly { readonly part: PartName; readonly images: number }[];
  /** Images whose direction features were made. */
  readonly extracted: number;
}

/** Operations of softmax and cross entropy for each class: maximum, exponential, sum, division, difference. */
const lossFlop = 5;

/** Operations of clipping for each parameter: its square, its sum, its scaling. */
const clipFlop = 3;

/** Operations of an optimiser's step for each parameter. */
function updateFlop(optimizer: Plan['optimizer']): number {
  if (optimizer.name === 'adam') return 14;
  // Also w ← keep w, instead of g ← g + decay w.
  if (optimizer.name === 'adamw') return 13;
  // Squares of w and g, v ← m v + ratio lr (g + decay w), w ← w − v.
  if (optimizer.name === 'lars') return 10;
  // v ← m v + g (+ decay), w ← w − lr v; Nesterov steps along m v + g.
  return 4 + 2 * Number(optimizer.nesterov) + 2 * Number(optimizer.weightDecay > 0);
}

/** Work of all phases with any, by number. */
export function workOf(plan: Plan, run: RunWork): Map<number, PhaseWork> {
  const shape = plan.directions?.shape;
  const work = new Map<number, PhaseWork>();
  const add = (phase: number, flop: number | null, bytes: number) => work.set(phase, { flop, bytes });
  const passes = new NetworkPasses(plan, run);
  const trained = withShortcut(plan);
  trained.forEach((_, l) => {
    add(forwardNumber(l), passes.forwardFlop(l), passes.forwardBytes(l));
    add(backwardNumber(l), passes.backwardFlop(l), passes.backwardBytes(l));
  });
  const rows = run.images * plan.outputs;
  const readers = readersOf(plan);
  add(phaseNumber.loss, readers * lossFlop * rows, readers * 8 * rows);
  add(phaseNumber.gather, ...passes.gather());
  const parameters = trained.reduce((sum, layer) => sum + parametersOf(layer), 0);
  const states = stateVectors(plan.optimizer);
  const clips = plan.optimizer.clip !== null;
  const update = {
    flop: run.steps * parameters * (updateFlop(plan.optimizer) + (clips ? clipFlop : 0)),
    // Gradient read; weights and states read and written; LARS reads gradient and weights once more for their norms.
    // Clipping reads the gradient once more, and scales it.
    bytes:
      run.steps *
      parameters *
      4 *
      (3 + 2 * states + (plan.optimizer.name === 'lars' ? 2 : 0) + (clips ? 3 : 0)),
  };
  work.set(phaseNumber.update, update);
  const buffers = plan.gradientPlaceBytes === null ? plan.regions.gradients.bytes / (4 * plan.parameters) : 1;
  const added = run.steps * (buffers - 1) * parameters + readers * partsOf(plan) * rows;
  add(phaseNumber.reduce, added, added * 12);
  work.set(phaseNumber.evaluate, passes.evaluation());
  if (shape === undefined) {
    const forward = trained.map((_, l) => [passes.forwardFlop(l), passes.forwardBytes(l)]);
    add(
      phaseNumber.propagate,
      forward.reduce((sum, [flop]) => sum + flop, lossFlop * rows) + passes.deltaFlop(),
      forward.reduce((sum, [, bytes]) => sum + bytes, 8 * rows) + passes.deltaBytes(),
    );
    return work;
  }
  const forward = run.images * softmaxFlop(shape, plan.outputs) + lossFlop * rows;
  const weights = run.steps * parameters * 4;
  const features = run.images * shape.features * 4;
  add(phaseNumber.propagate, forward, features + weights + 4 * rows);
  const gradient = 2 * run.images * shape.inputs * plan.outputs;
  add(phaseNumber.train, forward + gradient + update.flop, features + update.bytes);
  add(phaseNumber.features, null, run.extracted * (imageSide ** 2 + 4 * shape.features));
  add(phaseNumber.fit, null, (plan.directions?.fittedImages ?? 0) * shape.features * 4);
  return work;
}

/** Ranks that read every row of a batch: in `units` all with units, else each row has one. */
function readersOf({ units }: Plan): number {
  return units?.ranks.filter(({ first, last }) => last > first).length ?? 1;
}

/** Parts of the outputs that each of these ranks adds to the sum of rank 0. */
function partsOf({ units, layers }: Plan): number {
  return units === null ? 0 : blocksOf(layers[0].outputs) - blocksOf(units.ranks[0].last);
}

/** One image's components and their products, then its logits. */
function softmaxFlop({ features, components, inputs }: DirectionShape, classes: number): number {
  return 2 * features * components + (inputs - features) + 2 * inputs * classes;
}

/** A shortcut has no bias. */
const parametersOf = ({ kind, inputs, outputs }: LayerLayout) =>
  (inputs + (kind === 'linear' ? 0 : 1)) * outputs;

class NetworkPasses {
  readonly #plan: Plan;
  readonly #trained: readonly LayerLayout[];
  readonly #run: RunWork;

  constructor(plan: Plan, run: RunWork) {
    this.#plan = plan;
    this.#trained = withShortcut(plan);
    this.#run = run;
  }

  /** The first layer, and the shortcut: nothing is below them. */
  #seesInputs(l: number): boolean {
    return l === 0 || this.#trained[l].kind === 'linear';
  }

  #sparse(l: number): boolean {
    const { input, backend } = this.#plan;
    return this.#seesInputs(l) && input.rangeEnds.length > 0 && backend === 'wasm';
  }

  /** Multiplications of one image with one output's weights; for a sparse layer only those by non-zeros. */
  #terms(l: number, part: PartName = 'train'): number {
    if (!this.#sparse(l)) return this.#trained[l].inputs;
    return this.#plan.input.entries || this.#run.nonZeros[part];
  }

  /** Bytes of one image's inputs of a layer; a sparse entry is its place and its value. */
  #inputBytes(l: number, part: PartName = 'train'): number {
    return this.#terms(l, part) * (this.#sparse(l) ? 8 : 4);
  }

  forwardFlop(l: number): number {
    return 2 * this.#run.images * this.#terms(l) * this.#trained[l].outputs;
  }

  forwardBytes(l: number): number {
    const { images, steps } = this.#run;
    const { outputs } = this.#trained[l];
    return images * (this.#inputBytes(l) + 4 * outputs) + steps * 4 * parametersOf(this.#trained[l]);
  }

  /** Gradient of the weights, and for every layer but the first the deltas of the layer below. */
  backwardFlop(l: number): number {
    const { inputs, outputs } = this.#trained[l];
    const { images } = this.#run;
    return 2 * images * outputs * (this.#terms(l) + (this.#seesInputs(l) ? 0 : inputs));
  }

  backwardBytes(l: number): number {
    return this.forwardBytes(l) + (this.#seesInputs(l) ? 0 : this.#deltaBytesOf(l));
  }

  #deltaBytesOf(l: number): number {
    const { inputs, outputs } = this.#trained[l];
    const { images, steps } = this.#run;
    return images * 4 * (outputs + inputs) + steps * 4 * inputs * outputs;
  }

  deltaFlop(): number {
    const { images } = this.#run;
    return this.#plan.layers
      .slice(1)
      .reduce((sum, layer) => sum + 2 * images * layer.inputs * layer.outputs, 0);
  }

  deltaBytes(): number {
    return this.#plan.layers.slice(1).reduce((sum, _, l) => sum + this.#deltaBytesOf(l + 1), 0);
  }

  /** Pixels u16 → f32, scaled and shifted; real inputs copied, those of tables written; sparse rows located, and turned into columns if gradients gather. */
  gather(): [flop: number | null, bytes: number] {
    const { input, directions } = this.#plan;
    const { nonZeros } = this.#run;
    const images = this.#run.images * readersOf(this.#plan);
    if (directions !== null) return [2 * images * input.features, images * input.features * 8];
    if (input.packing === 'dense') return [2 * images * input.features, images * input.features * 6];
    if (input.packing === 'encoded') {
      const made = input.entries === 0 ? input.features * 4 : input.entries * 8;
      return [null, images * (made + input.storedWidth * 4)];
    }
    if (input.packing === 'real') return [null, images * input.features * 8];
    const located = images * (input.rangeEnds.length + 1) * 8;
    return [null, located + (input.gathers ? this.#run.images * nonZeros.train * 16 : 0)];
  }

  evaluation(): PhaseWork {
    const { outputs: classes, directions, evaluationChunk } = this.#plan;
    const works = this.#run.evaluated.map(({ part, images }) => {
      const chunks = Math.ceil(images / evaluationChunk);
      const loss = { flop: images * classes * lossFlop, bytes: images * classes * 8 };
      if (directions?.hasLayers === false) {
        const { shape } = directions;
        const weights = chunks * 4 * shape.inputs * classes;
        return {
          flop: images * softmaxFlop(shape, classes) + loss.flop,
          bytes: images * shape.features * 4 + weights + loss.bytes,
        };
      }
      return this.#trained.reduce((sum, layer, l) => {
        const { outputs } = layer;
        const rows = images * (this.#inputBytes(l, part) + 4 * outputs);
        return {
          flop: sum.flop + 2 * images * this.#terms(l, part) * outputs,
          bytes: sum.bytes + rows + chunks * 4 * parametersOf(layer),
        };
      }, loss);
    });
    return {
      flop: works.reduce((sum, { flop }) => sum + flop, 0),
      bytes: works.reduce((sum, { bytes }) => sum + bytes, 0),
    };
  }
}
