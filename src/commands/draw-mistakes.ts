/** The picture of `eval --mistakes`. The packages that draw it are loaded only if it is asked for. */
import { expandHome } from '../config/home.js';
import type { Dataset } from '../data/dataset.js';
import { imageShapeOf } from '../data/images/read-image.js';
import { labelsOf } from '../data/target.js';
import type { SavedModel } from '../inference/saved-model.js';
import type { Mistakes } from '../metrics/mistakes.js';
import { grouped } from '../numbers/words.js';
import { missingCharts } from '../report/chart-packages.js';
import type { MistakenImages } from '../report/mistakes-picture.js';
import { writeAtomic } from '../run/atomic-file.js';
import { ExitCode, UserError } from '../user-error.js';

/** @throws UserError (usage). */
export function pictureName(text: string): string {
  if (/\.svg$/i.test(text)) return expandHome(text, '--mistakes');
  throw UserError.refusal('--mistakes', 'the name of an .svg file', text);
}

/**
 * Draws the mistakes into the file, when there are some.
 * @throws UserError for a model of other samples than images (usage), and without the packages that draw.
 */
export async function drawingTo(
  file: string,
  model: SavedModel,
): Promise<(mistakes: Mistakes, dataset: Dataset) => Promise<void>> {
  const shape = shapeOf(model);
  const missing = await missingCharts();
  if (missing !== null) throw new UserError(`--mistakes ${missing}`);
  const { mistakesPicture } = await import('../report/mistakes-picture.js');
  return async ({ count, worst }, { name, target, test }) => {
    const labels = labelsOf(target);
    const all = `${grouped(count)} mistakes among the ${grouped(test.count)} test images of ${name}`;
    const which = count > worst.length ? `The ${worst.length} worst of ${all}` : all;
    const title = count === 0 ? which : `${which} (true → predicted class and its probability)`;
    const images = test.values instanceof Uint8Array ? test.values : Uint8Array.from(test.values);
    await writeAtomic(file, mistakesPicture({ mistakes: worst, images, shape, labels, title }));
  };
}

function shapeOf({ pipeline: { input, values: kind }, source }: SavedModel): MistakenImages['shape'] {
  const shape = imageShapeOf({ input, kind });
  if (shape !== null) return shape;
  const text = `--mistakes: expected a model of images, got one of ${input.join('×')} values in ${source}`;
  throw new UserError(text, ExitCode.usage);
}
