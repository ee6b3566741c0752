/** What a trained network of a table does, measured on rows that it was not trained on. */
import type { Setup } from '../coordinator/setup.js';
import type { PartName } from '../data/dataset.js';
import { namesOf } from '../data/target.js';
import type { ModelPredictor } from '../inference/average.js';
import { calibrationOf, residualBins } from '../metrics/calibration.js';
import { rowsOf } from '../metrics/intervals.js';
import type { Judged } from '../metrics/judged.js';
import { judgedBy, metricOf } from '../metrics/metric.js';
import type { Tensor } from '../model/safetensors.js';
import { Rng } from '../numbers/rng.js';
import { mean } from '../numbers/statistics.js';
import { grouped } from '../numbers/words.js';
import type { Plan } from '../plan/plan.js';
import { openNetwork, rowsOfPart } from '../run/network-outputs.js';
import type { EncoderJson } from '../tables/encoder.js';
import { importanceOf, type PermutedColumn } from './importance.js';
import type { CalibrationParts, Explanation, Importances } from './parts.js';
import { worstRows } from './worst-rows.js';

/** Rows × columns × repeats × weights that importance may take: about a second. */
const work = 1e10;
/** Fewer rows say little; so many are read in a moment. */
const [leastRows, mostRows] = [200, 10_000];
const repeats = 8;
/** So much more work is not begun. */
const mostFactor = 20;
const mostPoints = 400;
const mostClasses = 200;

/** Test rows, or those for validation; null: all rows are for training. */
export function explainedPart({ data }: Setup): PartName | null {
  const has = (part: PartName) => data.parts[part].values.count > 0;
  return has('test') ? 'test' : has('validation') ? 'validation' : null;
}

export async function explain(
  setup: Setup,
  plan: Plan,
  tensors: ReadonlyMap<string, Tensor>,
  part: PartName,
): Promise<Explanation> {
  const { data, dataset, signal } = setup;
  const network = await openNetwork(setup, tensors);
  try {
    const rows = rowsOfPart(setup, part);
    const outputs = network.predict(rows);
    const judged = data.goal.judged(part, outputs);
    const count = data.parts[part].values.count;
    signal.throwIfAborted();
    const leftOut: string[] = [];
    const weights = [...tensors.values()].reduce((sum, { data: { length } }) => sum + length, 0);
    const { encoder } = JSON.parse(data.pipeline.encoding?.json ?? '{}') as { encoder: EncoderJson };
    const columns = columnsOf(encoder, rows.length / count);
    const wanted = Math.floor(work / (columns.length * repeats * weights));
    const taken = Math.min(count, mostRows, Math.max(leastRows, wanted));
    const isTooMuch = taken * columns.length * repeats * weights > work * mostFactor;
    if (isTooMuch)
      leftOut.push(`importance: ${grouped(columns.length)} columns take too long with this network`);
    if (taken < 2) leftOut.push('importance: it takes two rows or more');
    const isMeasured = !isTooMuch && taken >= 2;
    const importance = isMeasured
      ? await importances(setup, plan, network, { rows, judged, columns, taken })
      : null;
    const names = namesOf(dataset.target);
    const confusion = judged.kind === 'class' && judged.classes <= mostClasses ? confusionOf(judged) : null;
    return {
      ...{ part, rows: count, importance, confusion, leftOut },
      calibration: calibration(judged, names),
      worst: await worstRows(setup, part, judged, encoder),
    };
  } finally {
    await network.close();
  }
}

/** The numbers of a stored row by column; texts follow the fields. */
function columnsOf({ columns, targets, fields }: EncoderJson, width: number): PermutedColumn[] {
  const inputs = columns.filter(({ name, type }) => type !== 'ignore' && !targets.includes(name));
  const texts = inputs.filter(({ type }) => type === 'text');
  const slots = texts.length === 0 ? 0 : (width - fields.length) / texts.length;
  return inputs.map((column) => {
    const { name, type } = column;
    const own = fields.flatMap((field, place) => (field.column === name ? [place] : []));
    const from = fields.length + texts.indexOf(column) * slots;
    const words = type === 'text' ? Array.from({ length: slots }, (_, k) => from + k) : [];
    return { column: name, type, fields: [...own, ...words] };
  });
}

async function importances(
  { config, data, signal }: Setup,
  { metric: decides }: Plan,
  network: ModelPredictor,
  given: {
    readonly rows: Float32Array | Uint8Array;
    readonly judged: Judged;
    readonly columns: readonly PermutedColumn[];
    readonly taken: number;
  },
): Promise<Importances> {
  const { goal } = data;
  const all = given.judged.targets.length / widthOf(given.judged);
  const width = given.rows.length / all;
  // One row of each of as many ranges of equal size.
  const rng = new Rng(config.seed);
  const places = Uint32Array.from({ length: given.taken }, (_, i) => {
    const from = Math.floor((i * all) / given.taken);
    return from + rng.below(Math.floor(((i + 1) * all) / given.taken) - from);
  });
  const rows = new Float32Array(given.taken * width);
  places.forEach((place, i) => {
    rows.set(given.rows.subarray(place * width, (place + 1) * width), i * width);
  });
  const { targets } = rowsOf(given.judged, places);
  const inUnits = (outputs: Float32Array) => goal.scale?.values(outputs) ?? Float64Array.from(outputs);
  const judgedRows = () => judgedBy(network.predict(rows), { targets, inUnits }, goal.facts, goal.loss);
  // One that is not defined on these rows, such as the AUC of one class, gives way.
  const isDefined = metricOf(decides).of(judgedRows()) !== null;
  const metric = metricOf(isDefined ? decides : given.judged.kind === 'value' ? 'rmse' : 'logLoss');
  const value = () => metric.of(judgedRows()) ?? Number.NaN;
  const sign = metric.better === 'higher' ? -1 : 1;
  const columns = await importanceOf({
    ...{ rows, width, columns: given.columns, repeats, seed: config.seed, signal },
    worse: () => sign * value(),
  });
  return {
    ...{ metric: metric.name, better: metric.better, value: value() },
    ...{ rows: given.taken, repeats, columns },
  };
}

const widthOf = (judged: Judged): number => (judged.kind === 'class' ? 1 : judged.width);

function calibration(judged: Judged, names: readonly string[]): CalibrationParts {
  if (judged.kind !== 'value') {
    const found = calibrationOf(judged);
    return { kind: 'shares', ece: found.error, bins: found.bins };
  }
  const { width, predicted, targets } = judged;
  const count = targets.length / width;
  const shown = Math.min(count, mostPoints);
  return {
    kind: 'values',
    targets: names.map((name, k) => ({
      name,
      bias: mean(Array.from({ length: count }, (_, i) => predicted[i * width + k] - targets[i * width + k])),
      bins: residualBins(judged, k),
      points: Array.from({ length: shown }, (_, i) => {
        const at = Math.floor((i * count) / shown) * width + k;
        return { predicted: predicted[at], target: targets[at] };
      }),
    })),
  };
}

/** Rows without a prediction are left out. */
function confusionOf({ classes, chosen, targets }: Extract<Judged, { kind: 'class' }>): number[][] {
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let i = 0; i < targets.length; i++) if (chosen[i] < classes) counts[targets[i]][chosen[i]] += 1;
  return counts;
}
