/** How a network does on samples: `test()` of brain.js. */

export interface Misclass {
  readonly input: Float32Array;
  readonly output: Float32Array;
  readonly actual: number;
  readonly expected: number;
}

export interface TestResult {
  /** Mean over the samples of the mean squared error of their outputs. */
  readonly error: number;
  /** Samples of another class than the largest output, or of the other side of `binaryThresh`. */
  readonly misclasses: readonly Misclass[];
  readonly total: number;
}

/** Of a network with one output. */
export interface BinaryTestResult extends TestResult {
  readonly trueNeg: number;
  readonly truePos: number;
  readonly falseNeg: number;
  readonly falsePos: number;
  readonly precision: number;
  readonly recall: number;
  readonly accuracy: number;
}

export interface Tested {
  readonly input: Float32Array;
  readonly output: Float32Array;
  readonly result: Float32Array;
}

export function scores(rows: readonly Tested[], binaryThresh: number): TestResult | BinaryTestResult {
  const isBinary = rows[0].output.length === 1;
  const classOf = (values: Float32Array) => values.indexOf(Math.max(...values));
  const counts = { truePos: 0, trueNeg: 0, falsePos: 0, falseNeg: 0 };
  const misclasses: Misclass[] = [];
  let sum = 0;
  for (const { input, output, result } of rows) {
    const actual = isBinary ? (result[0] > binaryThresh ? 1 : 0) : classOf(result);
    const expected = isBinary ? output[0] : classOf(output);
    if (actual !== expected) misclasses.push({ input, output, actual, expected });
    if (actual === 1) counts[expected === 1 ? 'truePos' : 'falsePos'] += Number([0, 1].includes(expected));
    else counts[expected === 1 ? 'falseNeg' : 'trueNeg'] += Number([0, 1].includes(expected));
    sum += meanSquare(result, output);
  }
  const total = rows.length;
  const result = { error: sum / total, misclasses, total };
  if (!isBinary) return result;
  const { truePos, trueNeg, falsePos, falseNeg } = counts;
  return {
    ...{ ...result, trueNeg, truePos, falseNeg, falsePos },
    precision: truePos > 0 ? truePos / (truePos + falsePos) : 0,
    recall: truePos > 0 ? truePos / (truePos + falseNeg) : 0,
    accuracy: (trueNeg + truePos) / total,
  };
}

/** Differences in float32, as in a training. */
function meanSquare(result: Float32Array, output: Float32Array): number {
  let sum = 0;
  for (let k = 0; k < output.length; k++) sum += Math.fround(output[k] - result[k]) ** 2;
  return sum / output.length;
}
