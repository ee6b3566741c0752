/**
 * Warnings about finished runs that did not learn, with the likely cause. They are given after training, because
 * nothing else in a result shows it.
 */
import type { Config } from '../config/schema.js';
import type { UnfinishedOutcome } from '../coordinator/training-run.js';
import type { TargetValues } from '../data/target.js';
import type { Warn, WarningCode } from '../warnings.js';

export interface Circumstances {
  readonly config: Config;
  /** Of the samples of the evaluations. */
  readonly targets: TargetValues;
  readonly stepsPerEpoch: number;
}

interface Finding {
  readonly code: WarningCode;
  readonly message: string;
}

/** One warning of each kind; over several runs, with the figures of the first affected run. */
export function warnOfOutcomes(
  outcomes: readonly UnfinishedOutcome[],
  circumstances: Circumstances,
  warn: Warn,
): void {
  const found = outcomes.flatMap((outcome) => findings(outcome, circumstances));
  for (const code of new Set(found.map((finding) => finding.code))) {
    const [{ message }, ...more] = found.filter((finding) => finding.code === code);
    const count = outcomes.length === 1 ? '' : ` (${more.length + 1} of ${outcomes.length} seeds)`;
    warn(code, message + count);
  }
}

const hasLearnt = (firstLoss: number | null, epochLoss: number | null): boolean =>
  firstLoss !== null && epochLoss !== null && epochLoss < firstLoss / 2;

/** Two standard errors say little of fewer. */
const fewestImages = 30;

/** On images without information, the loss fluctuates about that of the first step. */
const notable = 1.1;

/** Empty for an interrupted run, which had no chance to learn. */
function findings(outcome: UnfinishedOutcome, circumstances: Circumstances): Finding[] {
  if (outcome.steps < circumstances.stepsPerEpoch) return [];
  return [...lossFindings(outcome, circumstances.config), ...chanceFindings(outcome, circumstances)];
}

/** Weights from a file may start below the final loss of the run. */
function lossFindings({ firstLoss, epochLoss, evaluation }: UnfinishedOutcome, config: Config): Finding[] {
  if (config.model.init.file !== null || firstLoss === null || epochLoss === null) return [];
  const start = `${words(firstLoss)} in the first step`;
  if (epochLoss > notable * firstLoss) {
    const message = `the training loss rose from ${start} to ${words(epochLoss)} in the last epoch: optimizer.lr=${config.optimizer.lr} is likely too high`;
    return [{ code: 'loss-rose', message }];
  }
  if (evaluation === null || evaluation.loss <= firstLoss || !hasLearnt(firstLoss, epochLoss)) return [];
  const message = `the ${config.stop.on} loss is ${words(evaluation.loss)}, above ${start}, and the training loss is ${words(epochLoss)}: the network has likely memorised the training images; fewer epochs or stop.restoreBest help`;
  return [{ code: 'overfitted', message }];
}

/** Accuracy at chance level, always answering the most frequent class: its share, within two standard errors. */
function chanceFindings(
  { evaluation, firstLoss, epochLoss }: UnfinishedOutcome,
  { config, targets }: Circumstances,
): Finding[] {
  const accuracy = evaluation?.accuracy ?? null;
  if (accuracy === null || targets.length === 0 || !(targets instanceof Uint32Array)) return [];
  const counts = new Map<number, number>();
  for (const target of targets) counts.set(target, (counts.get(target) ?? 0) + 1);
  const [[most, largest]] = [...counts].sort(([, a], [, b]) => b - a);
  const share = largest / targets.length;
  const error = Math.sqrt((share * (1 - share)) / targets.length);
  // Of a handful of images, more than the share is no chance to speak of.
  const limit = targets.length < fewestImages ? share : share + 2 * error;
  if (accuracy > limit || accuracy === 1 || share === 1) return [];
  const only = [...counts].find(([, count]) => Math.round(accuracy * targets.length) === count);
  const same =
    only === undefined ? '' : `, exactly the share of class ${only[0]}: likely every answer is that class`;
  const message =
    `the accuracy of ${percent(accuracy)} is no better than always answering class ${most} (${percent(share)})${same}; ` +
    (hasLearnt(firstLoss, epochLoss)
      ? `the training loss fell to ${words(epochLoss ?? 0)}, so the ${config.stop.on} images or labels likely do not go with the training ones: range of values, columns, order of classes`
      : `likely causes: optimizer.lr=${config.optimizer.lr} is too high or too low, targets that do not belong to the images, or images without information`);
  return [{ code: 'chance-level', message }];
}

const words = (loss: number) => loss.toPrecision(3);
const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
