/** A learning-rate range test as a table and CSV. */
import { table } from '../numbers/columns.js';
import type { RangeFinding, RangeRun } from './range-test.js';

/** Three significant digits. */
export const rateText = (rate: number): string => Number(rate.toPrecision(3)).toString();

/** About a dozen rows from the first rate to the last. */
export function rangeTable({ points }: RangeRun, { smoothed }: RangeFinding): string {
  const every = Math.max(1, Math.round(points.length / 12));
  const rows = points.flatMap(({ step, learningRate, loss, batchAccuracy }, i) =>
    i % every === 0 || i === points.length - 1
      ? [
          [
            `${step}`,
            rateText(learningRate),
            loss.toFixed(4),
            smoothed[i].toFixed(4),
            (100 * batchAccuracy).toFixed(0),
          ],
        ]
      : [],
  );
  return table([['step', 'learning rate', 'loss', 'smoothed', 'batch accuracy %'], ...rows], 'rrrrr');
}

export function rangeCsv({ points }: RangeRun, { smoothed }: RangeFinding): string {
  const lines = points.map(({ step, learningRate, loss, batchAccuracy }, i) =>
    [step, learningRate, loss, smoothed[i], batchAccuracy].join(','),
  );
  return `${['step,learning_rate,loss,smoothed,batch_accuracy', ...lines].join('\n')}\n`;
}
