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

/** Of two classes or numbers; several classes have fewer rows each, and take twice as many. */
const usualSteps = 2000;
const [fewestEpochs, mostEpochs] = [4, 60];

/** Fewer say little by the share that is right, and many epochs are equally good. */
const fewValidationRows = 200;

/** `given`: the keys that the user set. Of another data set the same object. */
export function recipeOfTable(config: Config, dataset: Dataset, given: ReadonlySet<string>): Fitting {
  const { data, loss, model, train, stop } = config;
  if (!train.byTable || dataset.train.table === undefined) return { config, notes: [] };
  const { target } = dataset;
  const held = heldOut(dataset, data.validation);
  const rows = dataset.train.count - held;
  const classes = target.kind === 'class' ? target.labels.length : 0;
  const isSet = (key: string) => given.has(key);
  const words: string[] = [];
  const chosen = <Value>(key: string, now: Value, chosenValue: Value): Value => {
    if (isSet(key)) return now;
    words.push(`${key}=${String(chosenValue)}`);
    return chosenValue;
  };

  const batch = chosen('train.batch', train.batch, batchOf(rows));
  const steps = usualSteps * (classes > 2 ? 2 : 1);
  const wanted = Math.round(steps / Math.ceil(rows / batch));
  const epochs = chosen('train.epochs', train.epochs, Math.min(mostEpochs, Math.max(fewestEpochs, wanted)));
  const dropout =
    classes === 2 && model.hidden.length > 0 ? chosen('train.dropout', train.dropout, 0.2) : train.dropout;
  const smoothed =
    loss.name === 'cross-entropy' && classes > 2
      ? { ...loss, labelSmoothing: chosen('loss.labelSmoothing', loss.labelSmoothing, 0.1) }
      : loss;
  const metric =
    classes > 0 && held > 0 && held < fewValidationRows
      ? chosen('stop.metric', stop.metric, 'logLoss' as const)
      : stop.metric;
  if (words.length === 0) return { config, notes: [] };
  const of = classes > 0 ? `${rows} rows of ${classes} classes` : `${rows} rows`;
  return {
    config: {
      ...config,
      loss: smoothed,
      train: { ...train, batch, epochs, dropout },
      stop: { ...stop, metric },
    },
    notes: [`by ${of}, each to be set otherwise: ${words.join(' ')}`],
  };
}
