/** A model's sample from the bytes of an image file. */
import type { PictureFit } from '../../config/choices.js';
import { UserError } from '../../user-error.js';
import type { ValueKind } from '../transforms/transform.js';
import { decode, type MakeSharp } from './decode.js';
import { type ImageShape, type Manner, manners, prepare } from './prepare.js';

/** What a model takes. */
export interface ImageModel {
  readonly input: readonly number[];
  readonly kind: ValueKind;
  /** `data.set` of its training. */
  readonly set: string;
  /** `data.images.fit` of its training: of pictures that are otherwise taken as they are. */
  readonly fit: PictureFit;
}

/** Models of pictures take them as they are, those of QMNIST as MNIST's authors made theirs. */
const mannersOfSets: Readonly<Record<string, Manner>> = {
  ...{ images: 'plain', 'cifar-10': 'plain', qmnist: 'mnist' },
  ...Object.fromEntries(manners.map((manner) => [manner, manner])),
};

/** The manner of the set that the model was trained on; null: of one's own data, of which nothing is known. */
export const mannerOf = ({ set }: ImageModel): Manner | null => mannersOfSets[set] ?? null;

/** Null: the model takes no pixels, or rows of them without two sides. */
export function imageShapeOf({ input, kind }: Pick<ImageModel, 'input' | 'kind'>): ImageShape | null {
  const [rows = 1, columns = 1, channels = 1] = input;
  const isImage = input.length <= 3 && rows > 1 && columns > 1 && (channels === 1 || channels === 3);
  return isImage && kind === 'uint8' ? [rows, columns, channels] : null;
}

/**
 * @param name names the image in errors.
 * @throws UserError for bytes that are no image or one that is too large, damaged, animated or blank, and for a model of
 * other samples.
 */
export async function readImage(
  sharp: MakeSharp,
  bytes: Uint8Array,
  model: ImageModel,
  manner: Manner,
  name: string,
): Promise<Uint8Array> {
  const shape = imageShapeOf(model);
  if (shape === null) {
    const values = `${model.input.join('×')} ${model.kind === 'uint8' ? 'values' : 'real numbers'}`;
    throw new UserError(`${name}: an image, and the model takes ${values}`);
  }
  return prepare(sharp, await decode(sharp, bytes, name), manner, shape, name, model.fit);
}

/** A picture as data.set=images takes it, for training and for prediction. @throws UserError for bytes that are no image. */
export const framedImage = async (
  sharp: MakeSharp,
  bytes: Uint8Array,
  shape: ImageShape,
  fit: PictureFit,
  name: string,
): Promise<Uint8Array> => prepare(sharp, await decode(sharp, bytes, name), 'plain', shape, name, fit);
