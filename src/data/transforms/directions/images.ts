/** Images of which direction features are made during the run: which ones can be, and where they lie in memory. */
import { mostClasses } from '../../../kernels/directions/direction-kernels.js';
import { chunkImages, imageSide } from '../../../kernels/directions/spec.js';
import { ExitCode, UserError } from '../../../user-error.js';
import type { Dataset, PartName } from '../../dataset.js';
import { classesIn, type TargetValues } from '../../target.js';
import type { Values } from '../transform.js';
import { paddingLabel } from './extractor.js';
import type { DirectionsPlan } from './plan.js';

/** @throws UserError (usage) for images of another size, or of too many classes. */
export function refuseForDirections({ train, target, name }: Dataset): void {
  const [rows, columns] = train.shape;
  if (rows !== imageSide || columns !== imageSide) {
    throw new UserError(
      `data.features.kind=directions: expected images of ${imageSide}×${imageSide} pixels, got ${rows}×${columns} (data.set=${name})`,
      ExitCode.usage,
    );
  }
  if (target.kind === 'value')
    throw new UserError(
      `data.features.kind=directions: expected classes as targets, got values (data.set=${name}); data.features.kind=pixels learns values`,
      ExitCode.usage,
    );
  const classes = target.labels.length;
  if (classes > mostClasses) {
    throw new UserError(
      `data.features.kind=directions: expected at most ${mostClasses} classes, got ${classes} (data.set=${name})`,
      ExitCode.usage,
    );
  }
}

/**
 * Writes the images, and for evaluated parts their order and labels. The order is that of the file; the last chunk is
 * filled up with the last image under a label that no image has.
 */
export function fillImages(
  plan: DirectionsPlan,
  name: PartName,
  { values: images, count }: Values,
  targets: TargetValues,
  buffer: ArrayBufferLike,
): void {
  const part = plan.parts[name];
  if (count === 0) return;
  new Uint8Array(buffer, part.images.offset, images.length).set(images);
  const labels = new Uint8Array(buffer, part.labels.offset, part.labels.bytes).fill(paddingLabel);
  if (name === 'train') return;
  labels.set(classesIn(targets));
  const order = new Int32Array(buffer, part.order.offset, Math.ceil(count / chunkImages) * chunkImages);
  for (let i = 0; i < order.length; i++) order[i] = Math.min(i, count - 1);
}
