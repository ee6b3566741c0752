/** The targets of a run: what the network sees of them, and what metrics compare its outputs with. */
import type { Config } from '../config/schema.js';
import { fitsTask, isError, metricNameOf, metricsOfTask } from '../config/target-rules.js';
import type { Dataset, PartName, Samples } from '../data/dataset.js';
import { factsOf, type Target, type TargetFacts, type TargetValues, valuesIn } from '../data/target.js';
import { TargetScale } from '../data/transforms/target-scale.js';
import { type Loss, lossOf, outputsFor } from '../loss/loss.js';
import type { Judged } from '../metrics/judged.js';
import { judgedBy, taskOf } from '../metrics/metric.js';
import type { Tensor } from '../model/safetensors.js';
import { ExitCode, expectedGot, UserError } from '../user-error.js';

export interface Goal {
  readonly target: Target;
  readonly facts: TargetFacts;
  readonly loss: Loss;
  /** Of the network. */
  readonly outputs: number;
  /** Fitted on the training samples, or restored; null if the targets are no numbers to be scaled. */
  readonly scale: TargetScale | null;
  /** Lines for people. */
  readonly notes: readonly string[];
  /** As the network sees them. */
  seen(targets: TargetValues): TargetValues;
  /** Outputs for all samples of a part, f32 [count][outputs], beside its targets in their own units. */
  judged(part: PartName, outputs: Float32Array): Judged;
}

interface Stored {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly prefix: string;
  readonly source: string;
}

/** @throws UserError if the targets cannot be scaled as asked, or if all are equal. */
export function prepareTargets(
  { target }: Dataset,
  parts: Readonly<Record<PartName, Samples>>,
  config: Config,
  stored: Stored | null,
): Goal {
  const { loss: chosen, data } = config;
  const notes: string[] = [];
  const facts = factsOf(target, weightsOf(chosen, target, parts.train.targets));
  const loss = lossOf(chosen, facts);
  const isScaled = taskOf(facts, loss) === 'regression';
  const restored =
    isScaled && stored !== null
      ? TargetScale.restore(
          stored.tensors,
          facts.kind === 'value' ? facts.width : 0,
          stored.source,
          stored.prefix,
        )
      : null;
  if (restored?.agreesWith(data.targetScale) === false)
    throw UserError.refusal(
      'data.targetScale',
      `auto, or the scale that ${stored?.source ?? 'the model'} was trained with (${restored.kind})`,
      data.targetScale,
    );
  const scale =
    target.kind === 'value' && isScaled
      ? (restored ??
        TargetScale.fit(
          data.targetScale,
          valuesIn(parts.train.targets),
          target.names,
          (line) => notes.push(line),
          [parts.validation, parts.test].map(({ targets }) => valuesIn(targets)),
        ))
      : null;
  const inUnits = (outputs: Float32Array) => scale?.values(outputs) ?? Float64Array.from(outputs);
  return {
    ...{ target, facts, loss, outputs: outputsFor(chosen, facts), scale, notes },
    seen: (targets) =>
      scale === null || target.kind === 'class' ? targets : scale.apply(valuesIn(targets), target.names),
    judged: (part, outputs) => judgedBy(outputs, { targets: parts[part].targets, inUnits }, facts, loss),
  };
}

function weightsOf(loss: Config['loss'], target: Target, targets: TargetValues): readonly number[] | null {
  if (loss.name !== 'cross-entropy' || target.kind === 'value' || loss.classWeights === 'none') return null;
  const { length: classes } = target.labels;
  if (loss.classWeights !== 'balanced') {
    if (loss.classWeights.length === classes) return loss.classWeights;
    throw UserError.refusal('loss.classWeights', `${classes} weights, one for each class`, loss.classWeights);
  }
  const counts = new Float64Array(classes);
  for (const target of targets) counts[target] += 1;
  // A class without training samples has no loss to be weighted.
  return Array.from(counts, (count) => (count === 0 ? 1 : targets.length / (classes * count)));
}

/** @throws UserError (usage) if loss, metric or task are for targets of another kind. */
export function refuseUnfitTarget({ target, train, validation, test }: Dataset, config: Config): void {
  const { loss, stop, data } = config;
  const refuse = (key: string, expected: string, received: unknown) => {
    throw new UserError(`${key}: ${expectedGot(expected, received)}`, ExitCode.usage, {
      refused: { key, expected, received },
    });
  };
  const facts = factsOf(target);
  if (target.kind === 'class') {
    const { length: classes } = target.labels;
    if (data.task === 'regression' || data.task === 'labels')
      refuse(
        'data.task',
        'auto or classification: the targets are classes; a Float32Array holds values',
        data.task,
      );
    if (loss.name === 'binary-cross-entropy' && classes !== 2)
      refuse('loss.name', `cross-entropy: there are ${classes} classes, not two`, loss.name);
  } else {
    if (data.task === 'classification')
      refuse('data.task', 'auto, regression or labels: the targets are values', data.task);
    if (loss.name === 'cross-entropy')
      refuse(
        'loss.name',
        'squared-error, absolute-error or huber, or binary-cross-entropy for labels: the targets are values',
        loss.name,
      );
    const isLabels = loss.name === 'binary-cross-entropy';
    if (isLabels !== (data.task === 'labels') && data.task !== 'auto')
      refuse(
        'loss.name',
        isLabels ? 'a loss of values' : 'binary-cross-entropy if data.task is labels',
        loss.name,
      );
    if (isLabels)
      for (const part of [train, validation, test]) {
        const wrong = valuesIn(part?.targets ?? new Float32Array()).find(
          (value) => value !== 0 && value !== 1,
        );
        if (wrong !== undefined)
          refuse('targets', 'values of 0 and 1, since loss.name is binary-cross-entropy', wrong);
      }
  }
  const task = taskOf(facts, loss);
  if (stop.metric !== null && !fitsTask(stop.metric, task))
    refuse(
      'stop.metric',
      `${metricsOfTask(task)}: the targets are ${task === 'regression' ? 'values' : 'classes'}`,
      stop.metric,
    );
  const metric = metricNameOf(stop.metric, task);
  if (stop.target !== null && stop.target > 1 && !isError(metric))
    refuse('stop.target', `a number above 0 and up to 1, or null, if stop.metric is ${metric}`, stop.target);
}
