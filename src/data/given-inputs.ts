/** Samples for a model from what a file holds: an image, IDX images, or CSV rows. The content decides, not the name. */
import { UserError } from '../user-error.js';
import { shownPath } from './content.js';
import { csvInputs } from './csv-inputs.js';
import { readGiven } from './given-files.js';
import { parseIdx } from './idx.js';
import { loadSharp, type MakeSharp } from './images/decode.js';
import { contentKindOf } from './images/kinds.js';
import type { Manner } from './images/prepare.js';
import { type ImageModel, imageShapeOf, mannerOf, readImage } from './images/read-image.js';
import { sizeOf } from './transforms/transform.js';

export interface GivenSamples {
  /** False for an image; IDX and CSV files hold samples that are counted from 0. */
  readonly isMany: boolean;
  /** [count][product of the model's input]. */
  readonly values: Uint8Array | Float32Array;
}

export interface InputsOptions extends ImageModel {
  /** Null: that of the model's set. */
  readonly manner: Manner | null;
  /** Columns of CSV files that are targets, by their names: they are not read. */
  readonly targets?: readonly string[];
  /** Names of the inputs in their order; null: columns go by position. */
  readonly inputs?: readonly string[] | null;
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
    const { input, kind: values, signal, targets = [], inputs = null } = this.#options;
    const { bytes } = await readGiven(file, signal);
    const kind = contentKindOf(bytes);
    if (kind === 'text') {
      const columns = { size: sizeOf(input), kind: values, targets, inputs };
      const rows = await csvInputs(bytes, name, columns, signal);
      return { isMany: true, values: rows };
    }
    if (kind === 'image') return { isMany: false, values: await this.#image(bytes, name) };
    if (kind === 'IDX' && values === 'float32')
      throw new UserError(`${name}: pixels, and the model takes real numbers, such as those of a CSV file`);
    if (kind === 'IDX') return { isMany: true, values: idxImages(bytes, name, input) };
    const what =
      bytes.length === 0 ? 'is empty' : `starts with ${Buffer.from(bytes.subarray(0, 4)).toString('hex')}`;
    const expected = 'a PNG, JPEG, WebP or GIF image, an IDX or a CSV file';
    throw new UserError(`${name}: the file ${what}, expected ${expected}`);
  }

  async #image(bytes: Uint8Array, name: string): Promise<Uint8Array> {
    this.#sharp ??= loadSharp();
    const sharp = await this.#sharp;
    const { note, manner } = this.#options;
    const own = manner ?? mannerOf(this.#options);
    if (own === null && !this.#hasNoted && imageShapeOf(this.#options) !== null)
      note('images are scaled and not changed otherwise; --as mnist makes them like the digits of MNIST');
    this.#hasNoted = true;
    return readImage(sharp, bytes, this.#options, own ?? 'plain', name);
  }
}

function idxImages(bytes: Uint8Array, name: string, input: readonly number[]): Uint8Array {
  const { dimensions, elements } = parseIdx(bytes, 3, name);
  const shape = [...dimensions.slice(1), 1];
  if (shape.join() === [...input, 1].slice(0, 3).join()) return elements;
  throw new UserError(
    `${name}: images of ${shape.join('×')}, expected ${input.join('×')}, as the model was trained on`,
  );
}
