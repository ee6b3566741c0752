/** Samples for a model from what a file holds: an image, IDX images, or CSV rows. The content decides, not the name. */
import { UserError } from '../user-error.js';
import { shownPath } from './content.js';
import { csvInputs } from './csv-inputs.js';
import { readGiven } from './given-files.js';
import { parseIdx } from './idx.js';
import { decode, loadSharp, type MakeSharp } from './images/decode.js';
import { contentKindOf } from './images/kinds.js';
import { type ImageShape, type Manner, manners, prepare } from './images/prepare.js';
import { sizeOf, type ValueKind } from './transforms/transform.js';

export interface GivenSamples {
  /** False for an image; IDX and CSV files hold samples that are counted from 0. */
  readonly isMany: boolean;
  /** [count][product of the model's input]. */
  readonly values: Uint8Array | Float32Array;
}

export interface InputsOptions {
  /** Of the model. */
  readonly input: readonly number[];
  readonly kind: ValueKind;
  /** `data.set` of the model. */
  readonly set: string;
  /** Null: that of the model's set. */
  readonly manner: Manner | null;
  readonly note: (line: string) => void;
  readonly signal: AbortSignal;
}

export class GivenInputs {
  readonly #options: InputsOptions;
  #sharp: Promise<MakeSharp> | null = null;
  #hasNoted = false;

  constructor(options: InputsOptions) {
    this.#options = options;
  }

  /**
   * `-`: stdin.
   * @throws UserError with one line that names the file; MissingSharp for an image without the package.
   */
  async read(file: string): Promise<GivenSamples> {
    const name = file === '-' ? 'stdin' : shownPath(file);
    const { input, kind: values, signal } = this.#options;
    const { bytes } = await readGiven(file, signal);
    const kind = contentKindOf(bytes);
    if (kind === 'text') {
      const rows = await csvInputs(bytes, name, { size: sizeOf(input), kind: values }, signal);
      return { isMany: true, values: rows };
    }
    if (values === 'float32' && kind !== 'other')
      throw new UserError(`${name}: pixels, and the model takes real numbers, such as those of a CSV file`);
    if (kind === 'image') return { isMany: false, values: await this.#image(bytes, name) };
    if (kind === 'IDX') return { isMany: true, values: idxImages(bytes, name, input) };
    const what =
      bytes.length === 0 ? 'is empty' : `starts with ${Buffer.from(bytes.subarray(0, 4)).toString('hex')}`;
    const expected = 'a PNG, JPEG, WebP or GIF image, an IDX or a CSV file';
    throw new UserError(`${name}: the file ${what}, expected ${expected}`);
  }

  async #image(bytes: Uint8Array, name: string): Promise<Uint8Array> {
    const { input, manner } = this.#options;
    const shape = imageShapeOf(input);
    if (shape === null)
      throw new UserError(`${name}: an image, and the model takes ${input.join('×')} values, which are none`);
    this.#sharp ??= loadSharp();
    const sharp = await this.#sharp;
    const used = manner ?? this.#mannerOfSet();
    return prepare(sharp, await decode(sharp, bytes, name), used, shape, name);
  }

  #mannerOfSet(): Manner {
    const { set, note } = this.#options;
    const own = manners.find((manner) => manner === set);
    if (own === undefined && !this.#hasNoted)
      note('images are scaled and not changed otherwise; --as mnist makes them like the digits of MNIST');
    this.#hasNoted = true;
    return own ?? 'plain';
  }
}

/** A row or a column of values is no image. */
function imageShapeOf(input: readonly number[]): ImageShape | null {
  const [rows = 1, columns = 1, channels = 1] = input;
  const isImage = input.length <= 3 && rows > 1 && columns > 1 && (channels === 1 || channels === 3);
  return isImage ? [rows, columns, channels] : null;
}

function idxImages(bytes: Uint8Array, name: string, input: readonly number[]): Uint8Array {
  const { dimensions, elements } = parseIdx(bytes, 3, name);
  const shape = [...dimensions.slice(1), 1];
  if (shape.join() === [...input, 1].slice(0, 3).join()) return elements;
  throw new UserError(
    `${name}: images of ${shape.join('×')}, expected ${input.join('×')}, as the model was trained on`,
  );
}
