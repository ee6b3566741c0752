/** The transforms of a run in their order, fitted: from samples as read to the values that are packed. */
import type { Config } from '../../config/schema.js';
import type { SampleKernels } from '../../kernels/sample-kernels.js';
import type { Op } from '../../model/op.js';
import type { Tensor } from '../../model/safetensors.js';
import { rowsAStep, type Steps } from '../../numbers/steps.js';
import { UserError } from '../../user-error.js';
import { affineOf } from './affine.js';
import { cropAndPoolOf } from './crop-pool.js';
import { linearMapOf } from './linear-map.js';
import { momentsOf } from './moments.js';
import { rangeOf } from './range.js';
import { realNormaliserOf } from './real-normaliser.js';
import { blocksName, tableRowsOf } from './table-rows.js';
import {
  type Affine,
  type Encoding,
  type Fitted,
  kindOf,
  type Shape,
  type Stored,
  sampleKind,
  sizeOf,
  type TransformKind,
  type ValueKind,
  type Values,
} from './transform.js';

/** In the order of application. A new transform is a file and a line here. */
const transforms: readonly TransformKind[] = [rangeOf, momentsOf, cropAndPoolOf, affineOf, linearMapOf];

/** Before direction features, which are made within the run, on its clock. */
const beforeDirections: readonly TransformKind[] = [rangeOf];

const forReals: readonly TransformKind[] = [realNormaliserOf];

const forTables: readonly TransformKind[] = [tableRowsOf];

function transformsOf({ features }: Config['data'], kind: ValueKind): readonly TransformKind[] {
  if (kind === 'float32') return forReals;
  return features.kind === 'directions' ? beforeDirections : transforms;
}

const transformsFor = (data: Config['data'], samples: Pick<Values, 'values' | 'table'>) =>
  samples.table === undefined ? transformsOf(data, kindOf(samples.values)) : forTables;

/** Settings that samples of a weights file must agree on, each with its value. */
export const transformSettings = (
  data: Config['data'],
  samples: Pick<Values, 'values' | 'table'>,
): [string, string][] =>
  transformsFor(data, samples).flatMap(({ keys }) =>
    keys.map((key): [string, string] => [`data.${key}`, String(data[key])]),
  );

export class Pipeline {
  /** Shape of a sample as read, and as an input of the network. */
  readonly input: Shape;
  /** Of the samples as read. */
  readonly values: ValueKind;
  readonly output: Shape;
  readonly affine: Affine;
  /** Of rows of a table; null: the values are packed as inputs. */
  readonly encoding: Encoding | null;
  readonly #stages: readonly Fitted[];

  private constructor(input: Shape, values: ValueKind, stages: readonly Fitted[]) {
    this.input = input;
    this.values = values;
    this.#stages = stages;
    this.output = stages.at(-1)?.output ?? input;
    const last = stages.findLast(({ affine }) => affine !== null);
    this.encoding = stages.find(({ encoding }) => encoding !== null)?.encoding ?? null;
    this.affine = last?.affine ?? { scale: 1, shift: new Float32Array(sizeOf(this.output)) };
  }

  /**
   * Restores each transform from `stored` if it is there, else fits it on `train`; also returns the transformed
   * samples.
   * @throws UserError for samples or tensors that do not fit.
   */
  static *fit(
    data: Config['data'],
    train: Values,
    stored: Stored | null,
    kernels: SampleKernels | null = null,
  ): Steps<{ readonly pipeline: Pipeline; readonly train: Values }> {
    let samples = train;
    const stages: Fitted[] = [];
    for (const kind of transformsFor(data, train)) {
      const transform = kind.of(data);
      if (transform === null) continue;
      const stage =
        (stored && transform.restore(stored, samples)) ?? (yield* transform.fit(samples, kernels));
      samples = yield* applying([stage], samples, kernels);
      stages.push(stage);
    }
    return { pipeline: new Pipeline(train.shape, sampleKind(train), stages), train: samples };
  }

  /**
   * The pipeline as fitted in the run that wrote `stored`.
   * @throws UserError if a tensor is missing or does not fit.
   */
  static restore(data: Config['data'], input: Shape, stored: Stored, values: ValueKind = 'uint8'): Pipeline {
    let samples: Values =
      values === 'float32'
        ? { values: new Float32Array(), count: 0, shape: input, full: 1 }
        : { values: new Uint8Array(), count: 0, shape: input, full: 255 };
    const kinds = stored.tensors.has(stored.prefix + blocksName) ? forTables : transformsOf(data, values);
    const stages = kinds.flatMap((kind) => {
      const transform = kind.of(data);
      if (transform === null) return [];
      const stage = transform.restore(stored, samples);
      if (stage === null)
        throw new UserError(
          `${stored.source}: expected the tensors of data.normalise=${data.normalise}, found none`,
        );
      samples = stage.apply(samples, null);
      return stage;
    });
    return new Pipeline(input, values, stages);
  }

  /** Whether samples are packed as read. */
  get keepsValues(): boolean {
    return this.#stages.every(({ keepsValues }) => keepsValues);
  }

  /** Whether blank pixels stay 0. */
  get keepsZeros(): boolean {
    return this.#stages.every(({ keepsZeros }) => keepsZeros);
  }

  apply(samples: Values): Values {
    return applied(this.#stages, samples, null);
  }

  /** The same, in steps. */
  applying(samples: Values, kernels: SampleKernels | null = null): Steps<Values> {
    return applying(this.#stages, samples, kernels);
  }

  /** From the values of a sample to the inputs of the network. Fixed-point values come with their affine map undone. */
  describe(): Op[] {
    const ops = this.#stages.flatMap((stage) => stage.describe());
    if (ops.at(-1)?.op === 'fixedPoint' || this.values === 'float32') return ops;
    const { scale, shift } = this.affine;
    return [...ops, { op: 'affine', scale: Float32Array.of(scale), shift }];
  }

  /** The tensors saved with the weights of a network that was trained on these inputs. */
  tensors(): Map<string, Tensor> {
    return new Map(this.#stages.flatMap((stage) => [...stage.tensors()]));
  }
}

/** `out`: takes the results, if they are not the samples themselves; null: a new array. */
function applied(
  stages: readonly Fitted[],
  samples: Values,
  out: Values['values'] | null,
  kernels: SampleKernels | null = null,
): Values {
  const last = stages.findLastIndex(({ keepsValues }) => !keepsValues);
  return stages.reduce(
    (values, stage, at) => stage.apply(values, at === last ? out : null, kernels),
    samples,
  );
}

function sameKind(values: Values['values'], length: number): Values['values'] {
  if (values instanceof Float32Array) return new Float32Array(length);
  return values instanceof Uint8Array ? new Uint8Array(length) : new Uint16Array(length);
}

/** Applies the stages to some rows at a time; the result is one array. */
function* applying(stages: readonly Fitted[], samples: Values, kernels: SampleKernels | null): Steps<Values> {
  if (stages.every(({ keepsValues }) => keepsValues)) return samples;
  if (samples.rows !== undefined) return applied(stages, samples, null);
  const { values, count, shape } = samples;
  const size = sizeOf(shape);
  // A linear map takes up to size² products a sample, mostly of blanks; the others some work a pixel.
  const isCheap = stages.every(({ keepsZeros }) => keepsZeros);
  const rows = rowsAStep(isCheap ? size : (size * size) / 16);
  const some = (first: number, last: number): Values => ({
    ...samples,
    values: values.subarray(first * size, last * size),
    count: last - first,
  });
  // Of no samples: for the kind and the shape of the results.
  const made = applied(stages, some(0, 0), null);
  const width = sizeOf(made.shape);
  const all = sameKind(made.values, count * width);
  for (let first = 0; first < count; first += rows) {
    const last = Math.min(count, first + rows);
    applied(stages, some(first, last), all.subarray(first * width, last * width), kernels);
    yield { doing: 'preparing images', share: first / count };
  }
  return { ...made, values: all, count };
}
