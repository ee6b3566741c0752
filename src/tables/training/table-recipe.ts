/**
 * What of a recipe follows from a table, with `train.byTable`. Values that the user set are kept. Chosen on parts of the training rows of a
 * dozen tables, real and made; the figures are in LOG.md.
 */
import type { Config } from '../../config/schema.js';
import type { Dataset } from '../../data/dataset.js';
import type { Fitting } from '../../data/fit-to-data.js';
import { heldOut } from '../../data/split.js';
import { floorLog2, powerOfTwo } from '../../numbers/elementary.js';

/** The power of two nearest the square root of the rows: small tables need many steps, large ones fast ones. */
const batchOf = (rows: number): number =>
  Math.min(rows, powerOfTwo(Math.min(10, Math.max(3, floorLog2(Math.sqrt(2 * rows))))));

/** Several classes have fewer rows each. */
const stepsOf = (classes: number): number => (classes > 2 ? 4000 : classes === 2 ? 1500 : 2000);

/** An epoch chosen from a dozen is lucky by more than one standard error. */
const clearMargin = 2;

const [fewestEpochs, mostEpochs] = [4, 60];

/** Of tables with fewer, a tenth is too few rows to find the best epoch by, and the share that is right is the same in many. */
const smallTable = 2000;

/** `given`: the keys that the user set. Of another data set the same object. */
export function recipeOfTable(config: Config, dataset: Dataset, given: ReadonlySet<string>): Fitting {
  const { data, loss, model, train, stop } = config;
  if (!train.byTable || dataset.train.table === undefined) return { config, notes: [] };
  const { target } = dataset;
  const classes = target.kind === 'class' ? target.labels.length : 0;
  const isSet = (key: string) => given.has(key);
  const words: string[] = [];
  const chosen = <Value>(key: string, now: Value, chosenValue: Value): Value => {
    if (isSet(key)) return now;
    words.push(`${key}=${String(chosenValue)}`);
    return chosenValue;
  };

  const isSmall = dataset.train.count < smallTable;
  const validation =
    isSmall && data.validation > 0 ? chosen('data.validation', data.validation, 0.2) : data.validation;
  const held = heldOut(dataset, validation);
  const rows = dataset.train.count - held;
  const batch = chosen('train.batch', train.batch, batchOf(rows));
  const wanted = Math.round(stepsOf(classes) / Math.ceil(rows / batch));
  const epochs = chosen('train.epochs', train.epochs, Math.min(mostEpochs, Math.max(fewestEpochs, wanted)));
  const share = isSmall ? 0.4 : classes === 2 ? 0.2 : 0;
  const dropout =
    share > 0 && model.hidden.length > 0 ? chosen('train.dropout', train.dropout, share) : train.dropout;
  const smoothed =
    loss.name === 'cross-entropy' && classes > 2
      ? { ...loss, labelSmoothing: chosen('loss.labelSmoothing', loss.labelSmoothing, 0.1) }
      : loss;
  const metric =
    classes > 0 && isSmall && held > 0 ? chosen('stop.metric', stop.metric, 'logLoss' as const) : stop.metric;
  const bestMargin =
    !isSmall && stop.restoreBest ? chosen('stop.bestMargin', stop.bestMargin, clearMargin) : stop.bestMargin;
  if (words.length === 0) return { config, notes: [] };
  const of = classes > 0 ? `${rows} rows of ${classes} classes` : `${rows} rows`;
  return {
    config: {
      ...config,
      data: { ...data, validation },
      loss: smoothed,
      train: { ...train, batch, epochs, dropout },
      stop: { ...stop, metric, bestMargin },
    },
    notes: [`by ${of}, each to be set otherwise: ${words.join(' ')}`],
  };
}
