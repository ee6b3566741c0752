/** Images for a model, from the bytes of their files. */
import type { Manner } from '../data/images/prepare.js';
import { fitOf, valuesOf } from '../inference/weights-file.js';
import { UserError } from '../user-error.js';
import { Model } from './model.js';
import type { ImageOptions } from './types.js';

/**
 * The sample that `model.predict` takes, from the bytes of a PNG, JPEG, WebP or GIF file of any size, colour and
 * orientation. It is prepared as the authors of the model's training set prepared theirs: see docs/predict.md. Needs the
 * package sharp.
 * @throws UserError for bytes that are no image, one of more than 64 million pixels, a damaged, animated or blank one, a
 * model of other samples, and without the package.
 */
export async function readImage(
  image: Uint8Array,
  model: Model,
  options: ImageOptions = {},
): Promise<Uint8Array> {
  if (!(image instanceof Uint8Array)) throw UserError.refusal('image', 'the bytes of an image file', image);
  if (!(model instanceof Model)) throw UserError.refusal('model', 'a Model', model);
  // Not before it is needed: most programs read no images.
  const [{ loadSharp }, { manners }, { mannerOf, readImage: read }] = await Promise.all([
    import('../data/images/decode.js'),
    import('../data/images/prepare.js'),
    import('../data/images/read-image.js'),
  ]);
  const { input, metadata } = model;
  const taken = { input, kind: valuesOf(metadata), set: metadata['data.set'] ?? '', fit: fitOf(metadata) };
  const manner: Manner = options.as ?? mannerOf(taken) ?? 'plain';
  if (!manners.includes(manner)) throw UserError.refusal('as', `one of ${manners.join(', ')}`, manner);
  return read(await loadSharp(), image, taken, manner, 'image');
}
