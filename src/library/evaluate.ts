/** How well a model does on a data set. */
import { refuseOtherData } from '../inference/same-data.js';
import type { SavedModel } from '../inference/saved-model.js';
import { lossOf } from '../loss/loss.js';
import { scoringClasses } from '../metrics/classification.js';
import { inTurns } from '../numbers/steps.js';
import { UserError } from '../user-error.js';
import { readInHost } from './host-thread.js';
import type { Model } from './model.js';
import { isMemory, sendData } from './send-data.js';
import type { Data, Evaluation, MemoryData, PredictOptions } from './types.js';

export async function evaluate(
  model: Model,
  saved: SavedModel,
  data: Data,
  options: Pick<PredictOptions, 'threads'>,
): Promise<Evaluation> {
  const { inputs, targets } = isMemory(data) ? given(data, saved) : await read(data, saved);
  const outputs = await model.predictMany(inputs, { ...options, logits: true });
  const classes = saved.labels.length;
  if (outputs.length !== targets.length * classes)
    throw UserError.refusal(
      'data.targets',
      `${outputs.length / classes} of them, one a sample`,
      targets.length,
    );
  const scoring = scoringClasses(outputs, targets, classes, lossOf(saved.config.loss));
  return inTurns(scoring, new AbortController().signal, () => {});
}

/** @throws UserError if `int8` recognises fewer of the samples, by more than `mostLost` of them. */
export async function refuseLoss(model: Model, int8: Model, data: Data, mostLost: number): Promise<void> {
  const [before, after] = [await model.evaluate(data), await int8.evaluate(data)];
  if (before.accuracy - after.accuracy <= mostLost) return;
  const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
  throw new UserError(
    `${model.source}: int8 recognises ${percent(after.accuracy)} of ${before.count} samples, float32 ${percent(before.accuracy)}: ` +
      `more than ${percent(mostLost)} lost (mostLost)`,
  );
}

/** Classes by their name: the number 7 is the class "7". */
function given({ inputs, targets }: MemoryData, { labels, source }: SavedModel) {
  const places = new Map(labels.map((label, index) => [label, index]));
  const indices = Uint32Array.from(targets, (target, at) => {
    const index = places.get(String(target));
    if (index !== undefined) return index;
    const expected = `a class of ${source}: ${labels.slice(0, 12).join(', ')}${labels.length > 12 ? ', …' : ''}`;
    throw UserError.refusal(`data.targets[${at}]`, expected, target);
  });
  return { inputs, targets: indices };
}

async function read(data: Data, saved: SavedModel) {
  const sent = await sendData(data, new AbortController().signal);
  if (sent.kind !== 'files') throw new Error('data in memory are evaluated without reading');
  const dataset = await readInHost(sent.keys);
  refuseOtherData(saved, dataset);
  const { values, targets } = dataset.test;
  return { inputs: values, targets };
}
