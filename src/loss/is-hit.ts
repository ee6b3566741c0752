/** Whether the largest output is that of the class: the accuracy is the share of such samples. */

/** Of several equal outputs the first counts, as in PyTorch's argmax; a row with a NaN is wrong. */
export function isHit(outputs: ArrayLike<number>, target: number): boolean {
  let greatest = 0;
  for (let k = 0; k < outputs.length; k++) {
    if (Number.isNaN(outputs[k])) return false;
    if (outputs[k] > outputs[greatest]) greatest = k;
  }
  return greatest === target;
}
