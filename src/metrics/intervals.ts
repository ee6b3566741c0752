/** Intervals of metrics over the rows that they were measured on: a bootstrap, from a fixed seed. */
import { coverage, type Interval } from '../numbers/bootstrap.js';
import { Rng } from '../numbers/rng.js';
import { quantile } from '../numbers/statistics.js';
import type { Judged } from './judged.js';
import { allMetrics, type Metrics } from './metric.js';

export type Intervals = Readonly<Record<string, Interval>>;

const resamples = 300;
/** Values read in all resamples together: about a second. */
const work = 4e6;
const leastRows = 200;
const seed = 2007;

/**
 * 95 %, of each metric that is defined. Of many rows, each resample draws fewer, and its distance from the metric shrinks by the
 * square root of their share (m out of n, Bickel et al. 1997).
 */
export function intervalsOf(judged: Judged): Intervals {
  const width = judged.kind === 'class' ? judged.classes : judged.width;
  const count = judged.targets.length / (judged.kind === 'class' ? 1 : width);
  if (count < 2) return {};
  const drawn = Math.min(count, Math.max(leastRows, Math.floor(work / (resamples * width))));
  const scale = Math.sqrt(drawn / count);
  const rng = new Rng(seed);
  const samples: Metrics[] = [];
  for (let i = 0; i < resamples; i++)
    samples.push(
      allMetrics(
        rowsOf(
          judged,
          Uint32Array.from({ length: drawn }, () => rng.below(count)),
        ),
      ),
    );
  const tail = (1 - coverage) / 2;
  const names = Object.entries(allMetrics(judged)) as [keyof Metrics, number | null][];
  return Object.fromEntries(
    names.flatMap(([name, value]) => {
      const values = samples.flatMap((one) => one[name] ?? []);
      if (value === null || values.length === 0) return [];
      const at = (share: number) => value + scale * (quantile(values, share) - value);
      return [[name, { low: at(tail), high: at(1 - tail) }]];
    }),
  );
}

/** Those of some samples, which may come again. */
export function rowsOf(judged: Judged, rows: Uint32Array): Judged {
  switch (judged.kind) {
    case 'class': {
      const { classes, probabilities, chosen, targets } = judged;
      return {
        ...judged,
        probabilities: picked(probabilities, new Float64Array(rows.length * classes), rows, classes),
        chosen: rows.map((row) => chosen[row]),
        targets: rows.map((row) => targets[row]),
      };
    }
    case 'labels': {
      const { width, outputs, targets } = judged;
      const of = (all: Float32Array) => picked(all, new Float32Array(rows.length * width), rows, width);
      return { ...judged, outputs: of(outputs), targets: of(targets) };
    }
    default: {
      const { width, predicted, targets } = judged;
      return {
        ...judged,
        predicted: picked(predicted, new Float64Array(rows.length * width), rows, width),
        targets: picked(targets, new Float32Array(rows.length * width), rows, width),
      };
    }
  }
}

/** `from`: [count][width]; `to`: [rows][width]. */
function picked<T extends Float32Array | Float64Array>(from: T, to: T, rows: Uint32Array, width: number): T {
  for (let i = 0; i < rows.length; i++)
    for (let k = 0; k < width; k++) to[i * width + k] = from[rows[i] * width + k];
  return to;
}
