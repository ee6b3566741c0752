/**
 * Verification of the race. The race verifies nothing before its result is printed, so everything is verified
 * afterwards.
 */

import type { Setup } from '../coordinator/setup.js';
import type { Samples } from '../data/dataset.js';
import type { Raced } from '../fast-start/race.js';
import { UserError } from '../user-error.js';

/**
 * @throws UserError if the race used bytes other than those of the verified files, or kernels that fail the self-test.
 */
export function checkRace({ used, level }: Raced, { dataset, kernels }: Setup): void {
  const same = (part: Uint8Array, whole: Samples['values'], at = 0) =>
    whole instanceof Uint8Array && Buffer.compare(part, whole.subarray(at, at + part.length)) === 0;
  const sameLabels = (labels: Uint8Array, targets: Uint32Array | Float32Array) =>
    labels.every((label, i) => label === targets[i]);
  let at = 0;
  const testImages = used.testImages.every((piece) => {
    at += piece.length;
    return same(piece, dataset.test.values, at - piece.length);
  });
  const checks: readonly (readonly [string, boolean])[] = [
    ['training images', same(used.trainImages, dataset.train.values)],
    ['training labels', sameLabels(used.trainLabels, dataset.train.targets)],
    ['test images', testImages && at === dataset.test.values.length],
    ['test labels', sameLabels(used.testLabels, dataset.test.targets)],
  ];
  const wrong = checks.find(([, holds]) => !holds);
  if (wrong !== undefined)
    throw new UserError(`the race does not count: its ${wrong[0]} differ from those of the verified files`);
  if (kernels !== null && kernels.level === level) return;
  const refused = kernels?.refused ?? [];
  const reasons = refused.length > 0 ? ` (${refused.join('; ')})` : '';
  throw new UserError(
    `the race does not count: it ran on kernels ${level}, the verified ones are ${kernels?.level ?? 'none'}${reasons}`,
  );
}

/**
 * @throws UserError if verified kernels reach another accuracy: the same images in the same order give the same bits.
 */
export function checkRepetition({ accuracy }: Raced, repeated: number, threads: number): void {
  if (repeated === accuracy) return;
  const percent = (share: number) => `${(share * 100).toFixed(2)} %`;
  throw new UserError(
    `the race does not count: its accuracy was ${percent(accuracy)}, its repetition on ${threads} threads reached ${percent(repeated)}`,
  );
}
