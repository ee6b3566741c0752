/**
 * The memory of an online training: the network, its state and all samples, laid out for the kernels of
 * `kernels/assembly/online` (places.ts there has the same offsets).
 */
import { Arena } from '../../memory/arena.js';
import { allocate } from '../../memory/shared-memory.js';

/** One layer: weights f32 [output][input], biases, and what the optimiser keeps of each. */
export interface OnlineLayer {
  readonly inputs: number;
  readonly outputs: number;
  readonly weights: Float32Array;
  readonly biases: Float32Array;
  /** The last change of each weight, for momentum. */
  readonly changes: Float32Array;
  /** Null until Adam is used. */
  adam: AdamState | null;
}

export interface AdamState {
  readonly means: Float32Array;
  readonly squares: Float32Array;
  readonly biasMeans: Float32Array;
  readonly biasSquares: Float32Array;
}

/** `exact`: the arithmetic of brain.js; `wide`: float32 and SIMD, in blocks of samples. */
export type OnlineKind = 'exact' | 'wide';

export interface OnlineSettings {
  readonly activation: keyof typeof activations;
  readonly leakyReluAlpha: number;
  readonly learningRate: number;
  readonly momentum: number;
  /** Null: gradient descent with momentum. */
  readonly adam: { readonly beta1: number; readonly beta2: number; readonly epsilon: number } | null;
}

export const activations = { sigmoid: 0, relu: 1, 'leaky-relu': 2, tanh: 3 } as const;

/** Samples that the wide kernel takes together. */
export const blockSize = 32;

const record = { first: 128, bytes: 64 };
const padded = (count: number, to: number) => Math.ceil(count / to) * to;

/** Where the numbers of a layer are, in bytes. */
interface Places {
  readonly weights: number;
  readonly changes: number;
  readonly biases: number;
  readonly squares: number;
  readonly biasMeans: number;
  readonly biasSquares: number;
  /** The index of an output's first weight, from that of the layer's first; and from it to that of the next input. */
  readonly rowAt: (output: number) => number;
  readonly step: number;
}

export class OnlineMemory {
  readonly memory: WebAssembly.Memory;
  /** The argument `net` of the kernels. */
  readonly net: number;
  /** Floats from a sample's inputs, and its targets, to the next. */
  readonly inputStride: number;
  readonly targetStride: number;
  readonly inputs: Float32Array;
  readonly targets: Float32Array;
  readonly #layers: readonly OnlineLayer[];
  readonly #places: readonly Places[];
  readonly #kind: OnlineKind;
  readonly #settings: OnlineSettings;
  readonly #floats: Float32Array;
  readonly #header: DataView;

  /** @throws UserError if there is not enough memory. */
  constructor(
    kind: OnlineKind,
    layers: readonly OnlineLayer[],
    samples: number,
    settings: OnlineSettings,
    steps: number,
  ) {
    const isWide = kind === 'wide';
    const arena = new Arena();
    const take = (bytes: number) => arena.take(bytes).offset;
    const net = take(record.first + layers.length * record.bytes);
    const rows = layers.map(({ outputs }, l) => (isWide ? padded(outputs, l === 0 ? 32 : 16) : outputs));
    const places = layers.map(({ inputs, outputs }, l) => {
      const [count, row] = [4 * inputs * rows[l], 4 * rows[l]];
      const forAdam = (bytes: number) => (settings.adam === null ? 0 : take(bytes));
      const exactly = (output: number) => output * inputs;
      const inPanels = (output: number) => (output >> 5) * inputs * 32 + (output & 31);
      const rowByRow = (output: number) => output;
      const step = isWide ? (l === 0 ? 32 : rows[l]) : 1;
      return {
        ...{ inputs, outputs, rowBytes: isWide ? row : 4 * inputs },
        ...{ weights: take(count), changes: take(count), biases: take(row), values: take(row) },
        deltas: take(isWide && l === 0 ? 2 * blockSize * row : row),
        ...{ squares: forAdam(count), biasMeans: forAdam(row), biasSquares: forAdam(row) },
        ...{ rowAt: isWide ? (l === 0 ? inPanels : rowByRow) : exactly, step },
      };
    });
    const width = layers[0].inputs;
    const block = !isWide
      ? []
      : [
          take(4 * blockSize * rows[0]),
          places[0].deltas,
          ...[8 * blockSize * width, 4 * blockSize, 8 * blockSize * width, width, width].map(take),
          take(4 * blockSize * padded(samples, blockSize)),
        ];
    this.inputStride = isWide ? padded(width, 16) : width;
    this.targetStride = rows[rows.length - 1];
    const [inputsAt, targetsAt] = [
      take(4 * samples * this.inputStride),
      take(4 * samples * this.targetStride),
    ];
    const { bytes } = arena;
    this.memory = allocate(bytes, { 'samples and network': bytes }, 'train with fewer samples at a time');
    const { buffer } = this.memory;
    const [inputCount, targetCount] = [samples * this.inputStride, samples * this.targetStride];
    this.inputs = new Float32Array(buffer, inputsAt, inputCount);
    this.targets = new Float32Array(buffer, targetsAt, targetCount);
    // What the activation makes of a sum of 0: no error in padding.
    if (isWide && settings.activation === 'sigmoid') this.targets.fill(0.5);
    this.net = net;
    this.#kind = kind;
    this.#settings = settings;
    this.#layers = layers;
    this.#places = places;
    this.#floats = new Float32Array(buffer);
    this.#header = new DataView(buffer);
    const { activation, leakyReluAlpha, learningRate, momentum, adam } = settings;
    this.#words(0, [layers.length, activations[activation]]);
    this.#doubles(8, [leakyReluAlpha, learningRate, momentum]);
    this.#words(32, [inputsAt, targetsAt, 4 * this.inputStride, 4 * this.targetStride]);
    this.#words(56, [steps, adam === null ? 0 : 1]);
    this.#doubles(64, [adam?.beta1 ?? 0, adam?.beta2 ?? 0, adam?.epsilon ?? 0]);
    this.#words(88, block);
    for (const [l, place] of places.entries()) {
      const { inputs, outputs, rowBytes, weights, changes, biases, values, deltas } = place;
      const words = [inputs, outputs, rowBytes, weights, changes, biases, values, deltas, 0];
      const { squares, biasMeans, biasSquares } = place;
      this.#words(record.first + l * record.bytes, [...words, squares, biasMeans, biasSquares]);
    }
    this.#write();
    if (isWide && layers[0].changes.some((change) => change !== 0))
      new Uint8Array(buffer, block[6], width).fill(1);
  }

  /** Mean error of the last pass of `passes`. */
  get error(): number {
    return this.#header.getFloat64(this.net + 48, true);
  }

  /** Samples trained on, for Adam. */
  get steps(): number {
    return this.#header.getInt32(this.net + 56, true);
  }

  /** Brings the layers that were given up to date. */
  read(): void {
    const [f, { adam }, ahead] = [this.#floats, this.#settings, this.#ahead()];
    this.#layers.forEach((layer, l) => {
      const { weights, biases } = layer;
      const [place, share] = [this.#places[l], l === 0 ? ahead : 0];
      const changes = adam === null ? layer.changes : layer.adam?.means;
      const [w, c] = [place.weights / 4, place.changes / 4];
      this.#each(l, (first, start, step, end) => {
        for (let i = first, at = start; i < end; i++, at += step) {
          if (changes !== undefined) changes[i] = f[c + at];
          weights[i] = f[w + at] - share * f[c + at];
        }
      });
      biases.set(f.subarray(place.biases / 4, place.biases / 4 + layer.outputs));
      if (adam === null || layer.adam === null) return;
      for (const name of ['squares', 'biasMeans', 'biasSquares'] as const)
        layer.adam[name].set(f.subarray(place[name] / 4, place[name] / 4 + layer.adam[name].length));
    });
  }

  #write(): void {
    const [f, { adam }, ahead] = [this.#floats, this.#settings, this.#ahead()];
    this.#layers.forEach((layer, l) => {
      const { weights, biases } = layer;
      const [place, share] = [this.#places[l], l === 0 ? ahead : 0];
      const changes = adam === null ? layer.changes : layer.adam?.means;
      const [w, c] = [place.weights / 4, place.changes / 4];
      this.#each(l, (first, start, step, end) => {
        for (let i = first, at = start; i < end; i++, at += step) {
          const change = changes === undefined ? 0 : changes[i];
          f[w + at] = weights[i] + share * change;
          f[c + at] = change;
        }
      });
      f.set(biases, place.biases / 4);
      if (adam === null || layer.adam === null) return;
      for (const name of ['squares', 'biasMeans', 'biasSquares'] as const)
        f.set(layer.adam[name], place[name] / 4);
    });
  }

  /** The wide kernel has in its first layer the weights that momentum leads to: this share of the changes more. */
  #ahead(): number {
    const { momentum } = this.#settings;
    return this.#kind === 'wide' ? momentum / (1 - momentum) : 0;
  }

  /** Each output: its weights in the layer are [first, end). */
  #each(layer: number, visit: (first: number, at: number, step: number, end: number) => void): void {
    const { inputs, outputs } = this.#layers[layer];
    const { rowAt, step } = this.#places[layer];
    for (let output = 0; output < outputs; output++)
      visit(output * inputs, rowAt(output), step, (output + 1) * inputs);
  }

  #words(offset: number, values: readonly number[]): void {
    values.forEach((value, i) => {
      this.#header.setInt32(this.net + offset + 4 * i, value, true);
    });
  }

  #doubles(offset: number, values: readonly number[]): void {
    values.forEach((value, i) => {
      this.#header.setFloat64(this.net + offset + 8 * i, value, true);
    });
  }
}
