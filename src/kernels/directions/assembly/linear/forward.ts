// Forward pass and loss of a batch, down to the gradients of the logits.
import { byImage, normalise } from './columns';
import { logitsOfBlock, logitsOfPair, project } from './logits';
import { LinearModel, componentsOf } from './model';
import { softmax } from './softmax';

/**
 * `blocks` blocks of a batch, its images from `first`: writes (p − t) · rowScale to the table's deltas, t the smoothed
 * target, and the inputs image by image to its rows. room: 640 + 64 (F + K) bytes; sums f64 [2] += {loss, images classified
 * correctly}. Two blocks at a time if there are two.
 */
export function propagate(M: LinearModel, x: usize, labels: usize, blocks: i32, first: i32, rowScale: f32, room: usize, sums: usize): void {
  const features = M.features, components = componentsOf(M), classes = M.classes, smoothing = M.smoothing, scale = M.scale;
  const weights = M.weights, shift = M.shift, projection = M.projection, centres = M.centres;
  let deltas = M.deltas + <usize>first * 40, rows = M.rows + <usize>(first * features << 2), projected = M.projected + <usize>(first * components << 2);
  const bytes = <usize>features << 5, ahead = <usize>components << 5, columns = room + 640, products = columns + 2 * bytes;
  for (let b = 0; b < blocks; b += 2, x += 2 * bytes, labels += 16, deltas += 640, rows += 2 * bytes, projected += 2 * ahead) {
    const paired = b + 1 < blocks;
    normalise(x, features, scale, shift, columns, rows, bytes >> 3);
    if (paired) normalise(x + bytes, features, scale, shift, columns + bytes, rows + bytes, bytes >> 3);
    if (components) {
      project(x, paired ? bytes : 0, features, components, projection, products);
      byImage(products, components, projected);
      if (paired) byImage(products + ahead, components, projected + ahead);
    }
    if (paired) logitsOfPair(columns, bytes, products, features, components, weights, centres, room);
    else logitsOfBlock(columns, products, features, components, weights, centres, room);
    softmax(room, labels, classes, smoothing, rowScale, deltas, sums);
    if (paired) softmax(room + 32, labels + 8, classes, smoothing, rowScale, deltas + 320, sums);
  }
}
