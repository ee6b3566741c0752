/** Whether predicted probabilities are frequencies, and whether predicted values are means. */
import { sigmoid } from '../loss/probabilities.js';
import { square } from '../numbers/elementary.js';
import { mean } from '../numbers/statistics.js';
import type { JudgedClasses, JudgedLabels, JudgedValues } from './judged.js';

const bins = 15;

export interface ReliabilityBin {
  /** Probabilities from `low` to below `high`; the last bin has 1 too. */
  readonly low: number;
  readonly high: number;
  readonly count: number;
  /** Mean probability, and the share of what was predicted with it that came true. */
  readonly confidence: number;
  readonly share: number;
}

export class Calibration {
  readonly #counts = new Float64Array(bins);
  readonly #confidence = new Float64Array(bins);
  readonly #hits = new Float64Array(bins);

  add(confidence: number, hit: boolean): void {
    const bin = Math.min(bins - 1, Math.floor(confidence * bins));
    this.#counts[bin] += 1;
    this.#confidence[bin] += confidence;
    this.#hits[bin] += Number(hit);
  }

  /** Mean distance of accuracy and confidence over the bins, weighted by their samples. */
  get error(): number {
    const all = this.#counts.reduce((sum, n) => sum + n, 0);
    return this.#counts.reduce(
      (sum, _, bin) => sum + Math.abs(this.#hits[bin] - this.#confidence[bin]) / all,
      0,
    );
  }

  /** Those that are not empty. */
  get bins(): ReliabilityBin[] {
    return Array.from(this.#counts, (count, bin) => ({
      ...{ low: bin / bins, high: (bin + 1) / bins, count },
      confidence: this.#confidence[bin] / count,
      share: this.#hits[bin] / count,
    })).filter(({ count }) => count > 0);
  }
}

/** Of the predicted class of each sample (Guo et al. 2017); of every label of each sample. Rows with a NaN are left out. */
export function calibrationOf(judged: JudgedClasses | JudgedLabels): Calibration {
  const calibration = new Calibration();
  if (judged.kind === 'class') {
    const { classes, probabilities, chosen, targets } = judged;
    for (let i = 0; i < targets.length; i++)
      if (chosen[i] < classes)
        calibration.add(probabilities[i * classes + chosen[i]], chosen[i] === targets[i]);
    return calibration;
  }
  for (const [at, output] of judged.outputs.entries())
    if (!Number.isNaN(output)) calibration.add(sigmoid(output), judged.targets[at] > 0.5);
  return calibration;
}

/** Samples whose predictions are neighbours. */
export interface ResidualBin {
  readonly count: number;
  /** Means. */
  readonly predicted: number;
  readonly target: number;
  readonly rmse: number;
}

const mostResidualBins = 10;

/** Of target k: as many samples in each bin, from the lowest predictions to the highest. */
export function residualBins({ width, predicted, targets }: JudgedValues, k: number): ResidualBin[] {
  const order = Uint32Array.from({ length: targets.length / width }, (_, i) => i).sort(
    (a, b) => predicted[a * width + k] - predicted[b * width + k] || a - b,
  );
  const count = Math.min(mostResidualBins, order.length);
  return Array.from({ length: count }, (_, bin) => {
    const own = order.subarray((bin * order.length) / count, ((bin + 1) * order.length) / count);
    const of = (value: (at: number) => number) => mean(Array.from(own, (i) => value(i * width + k)));
    return {
      count: own.length,
      predicted: of((at) => predicted[at]),
      target: of((at) => targets[at]),
      rmse: Math.sqrt(of((at) => square(predicted[at] - targets[at]))),
    };
  });
}
