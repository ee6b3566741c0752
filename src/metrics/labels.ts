/** Metrics of several labels of a sample: means over the labels; accuracy is the share of samples with all labels right. */
import { sigmoid } from '../loss/probabilities.js';
import { aucOf, countOutcomes, f1Of, recallOf, surprise } from './binary.js';
import { type JudgedLabels, meanOfDefined } from './judged.js';

export function labelScores({ width, outputs, targets }: JudgedLabels) {
  const count = targets.length / width;
  const labels = Array.from({ length: width }, (_, k) => k);
  const isChosen = (k: number) => (i: number) => outputs[i * width + k] > 0;
  const isTrue = (k: number) => (i: number) => targets[i * width + k] > 0.5;
  const outcomes = (k: number) => countOutcomes(count, isChosen(k), isTrue(k));
  return {
    accuracy() {
      let right = 0;
      for (let i = 0; i < count; i++)
        right += Number(
          labels.every((k) => isChosen(k)(i) === isTrue(k)(i) && !Number.isNaN(outputs[i * width + k])),
        );
      return right / count;
    },
    balancedAccuracy: () =>
      meanOfDefined(
        labels.map((k) => {
          const found = outcomes(k);
          const { truePositives, falsePositives, falseNegatives, trueNegatives } = found;
          const opposite = {
            ...{ truePositives: trueNegatives, trueNegatives: truePositives },
            ...{ falsePositives: falseNegatives, falseNegatives: falsePositives },
          };
          return meanOfDefined([recallOf(found), recallOf(opposite)]);
        }),
      ),
    f1: () => meanOfDefined(labels.map((k) => f1Of(outcomes(k)))),
    auc: () =>
      meanOfDefined(
        labels.map((k) =>
          aucOf(
            Float64Array.from({ length: count }, (_, i) => outputs[i * width + k]),
            isTrue(k),
          ),
        ),
      ),
    logLoss: () =>
      outputs.reduce((sum, z, at) => sum + surprise(sigmoid(targets[at] > 0.5 ? z : -z)), 0) / outputs.length,
  };
}
