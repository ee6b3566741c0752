/** fit-report.html of a run on a table: its score, its columns, and where it is wrong. Without scripts and network. */
import { basename } from 'node:path';
import type { Dataset } from '../data/dataset.js';
import type { Baseline } from '../metrics/baseline.js';
import type { Intervals } from '../metrics/intervals.js';
import type { Metrics } from '../metrics/metric.js';
import { grouped } from '../numbers/words.js';
import { type Block, figures, type Section, table, words } from '../report/document.js';
import { htmlPage } from '../report/html-page.js';
import type { CurvePoint } from '../run/metrics-file.js';
import { metricInWords } from '../run/result-card.js';
import type { ColumnSchema } from '../tables/schema.js';
import type { Warning } from '../warnings.js';
import { calibrationFigures, curveFigure, importanceFigure } from './figures.js';
import { changeInWords, rangeInWords } from './files.js';
import type { Explanation } from './parts.js';
import { shown } from './shown.js';

/** What result.json has of a run, as far as it is shown. */
export interface ShownResult {
  readonly name: string;
  readonly metric: keyof Metrics;
  readonly metrics: Metrics | null;
  readonly testMetrics?: Metrics;
  readonly testInterval?: Intervals;
  readonly accuracyOn: string;
  readonly baseline?: (Omit<Baseline, 'class'> & { readonly class: unknown }) | null;
  readonly warnings: readonly Warning[];
}

export interface ReportInput {
  readonly result: ShownResult;
  readonly explanation: Explanation;
  /** Of classes, labels or values. */
  readonly names: readonly string[];
  readonly columns: readonly ColumnSchema[];
  readonly targets: readonly string[];
  readonly curve: readonly CurvePoint[];
  /** What was said of the table while it was read. */
  readonly notes: readonly string[];
  readonly dataset: Pick<Dataset, 'source'> & { readonly rows: Readonly<Record<string, number>> };
}

export function reportPage(input: ReportInput): string {
  const { result, dataset, targets } = input;
  const rows = Object.entries(dataset.rows).flatMap(([part, count]) =>
    count === 0 ? [] : `${grouped(count)} ${part} rows`,
  );
  return htmlPage({
    title: shown(`${result.name}: ${targets.join(', ')}`, 200),
    summary: shown(`${basename(dataset.source)}: ${rows.join(', ')}.`, 400),
    notices: [],
    sections: [
      scores(input),
      importance(input),
      errors(input),
      ...confusion(input),
      worst(input),
      columns(input),
    ],
    leftOut: input.explanation.leftOut.map((line) => {
      const at = line.indexOf(': ');
      return { title: line.slice(0, at), reason: line.slice(at + 2) };
    }),
  });
}

const number = (value: string | number): string =>
  typeof value === 'number' ? String(Number(value.toPrecision(6))) : shown(value);

function scores({ result, curve }: ReportInput): Section {
  const { metric, metrics, testMetrics, testInterval = {}, baseline, accuracyOn } = result;
  const all = testMetrics ?? metrics ?? {};
  const on = testMetrics === undefined ? accuracyOn : 'test';
  const rows = (Object.keys(all) as (keyof Metrics)[]).map((name) => {
    const value = all[name] ?? null;
    const interval = testInterval[name];
    const range =
      interval === undefined
        ? ''
        : `${metricInWords(name, interval.low)} to ${metricInWords(name, interval.high)}`;
    const base = baseline?.metric === name ? metricInWords(name, baseline.value) : '';
    return [name, value === null ? '–' : metricInWords(name, value), range, base];
  });
  const always =
    baseline === undefined || baseline === null
      ? ''
      : baseline.class === null
        ? ' Baseline: the mean of the training rows.'
        : ` Baseline: always ${shown(String(baseline.class))}.`;
  const blocks: Block[] = [
    words(`On ${on} rows; ${metric} decided on the weights.${always}`),
    table('Metrics', {
      heading: ['metric', `${on} rows`, '95 % interval', 'baseline'],
      align: ['l', 'r', 'r', 'r'],
      rows,
    }),
  ];
  const drawn = curveFigure(curve, metric, accuracyOn);
  return { title: 'Score', blocks: drawn === null ? blocks : [...blocks, figures([drawn])] };
}

function importance({ explanation: { importance, part } }: ReportInput): Section {
  const title = 'What the columns are worth';
  if (importance === null) return { title, blocks: [words('Not measured: see below.')] };
  const { metric, rows, repeats, columns, better } = importance;
  const worse = better === 'higher' ? 'lower' : 'higher';
  return {
    title,
    blocks: [
      words(
        `How much ${worse} ${metric} is if the values of a column change places between ${grouped(rows)} ${part} rows, mean of ${repeats} times. ` +
          'The interval of a column that is noise has 0 in it in 95 of 100 cases. Columns that say the same share their worth.',
      ),
      figures([importanceFigure(importance)]),
      table('All columns', {
        heading: ['column', 'type', `${metric} ${worse} by`, '95 % interval'],
        align: ['l', 'l', 'r', 'r'],
        rows: columns
          .slice(0, mostRows)
          .map(({ column, type, importance: value, low, high }) => [
            ...[shown(column), type, changeInWords(importance, value)],
            rangeInWords(importance, low, high),
          ]),
      }),
      ...(columns.length > mostRows ? [words(`The others are in importance.csv.`)] : []),
    ],
  };
}

const mostRows = 100;

function errors({ explanation: { calibration, part, rows } }: ReportInput): Section {
  const drawn = calibrationFigures(calibration);
  const text =
    calibration.kind === 'shares'
      ? `Expected calibration error ${metricInWords('accuracy', calibration.ece)} on ${grouped(rows)} ${part} rows: the mean distance between the probability that is predicted and the share that comes true.`
      : calibration.targets
          .map(
            ({ name, bias }) =>
              `${shown(name)}: predictions are ${Number(Math.abs(bias).toPrecision(3))} too ${bias < 0 ? 'low' : 'high'} in the mean.`,
          )
          .join(' ');
  const title = calibration.kind === 'shares' ? 'Calibration' : 'Residuals';
  return { title, blocks: [words(text), figures(drawn)] };
}

const widestMatrix = 12;

function confusion({ explanation: { confusion }, names }: ReportInput): Section[] {
  if (confusion === null) return [];
  const title = 'Confusion of the classes';
  if (names.length <= widestMatrix) {
    const heading = ['true class', ...names.map((name) => `→ ${shown(name, 20)}`), 'recognised'];
    const rows = confusion.map((counts, place) => {
      const sum = counts.reduce((all, one) => all + one, 0);
      const share = sum === 0 ? '–' : metricInWords('accuracy', counts[place] / sum);
      return [shown(names[place], 40), ...counts.map(grouped), share];
    });
    const align: ('l' | 'r')[] = heading.map((_, place) => (place === 0 ? 'l' : 'r'));
    return [{ title, blocks: [table('Rows by true and predicted class', { heading, align, rows })] }];
  }
  const pairs = confusion.flatMap((counts, is) =>
    counts.flatMap((count, got) => (is === got || count === 0 ? [] : { is, got, count })),
  );
  pairs.sort((a, b) => b.count - a.count);
  const rows = pairs
    .slice(0, 20)
    .map(({ is, got, count }) => [shown(names[is], 40), shown(names[got], 40), grouped(count)]);
  const heading = ['true class', 'predicted', 'rows'];
  return [
    {
      title,
      blocks: [
        table('Most frequent mistakes', { heading, align: ['l', 'l', 'r'], rows }),
        words('All are in confusion.csv.'),
      ],
    },
  ];
}

const [shownWorst, shownCells] = [20, 5];

function worst({ explanation: { worst, importance, part }, targets, names }: ReportInput): Section {
  const title = 'Worst rows';
  if (worst.rows.length === 0) return { title, blocks: [words('The rows of the file are not known.')] };
  const others = (importance?.columns ?? []).map(({ column }) => column).slice(0, shownCells);
  const hasCells = worst.rows.some(({ cells }) => cells !== null);
  const isClass = worst.rows[0].probability !== null;
  const rows = worst.rows
    .slice(0, shownWorst)
    .map(({ place, loss, targets, predicted, probability, cells }) => [
      ...[String(place), number(loss)],
      ...(isClass
        ? [number(targets[0]), number(predicted[0]), metricInWords('accuracy', probability ?? 0)]
        : targets.flatMap((one, k) => [number(one), number(predicted[k])])),
      ...(hasCells ? others.map((name) => shown(cells?.get(name) ?? '', 40)) : []),
    ]);
  const heading = [
    ...[worst.place, 'loss'],
    ...(isClass
      ? [shown(targets[0], 30), 'predicted', 'probability']
      : names.flatMap((name) => [shown(name, 30), 'predicted'])),
    ...(hasCells ? others.map((name) => shown(name, 30)) : []),
  ];
  return {
    title,
    blocks: [
      words(
        `The ${part} rows of ${shown(worst.file)} with the largest loss, more of them in worst.csv. Their targets may be wrong, or say what the model has not learnt.`,
      ),
      table('Largest loss first', { heading, align: ['r', 'r'], rows }),
    ],
  };
}

function columns({ columns, targets, notes, result }: ReportInput): Section {
  const rows = columns
    .slice(0, 10 * mostRows)
    .map(({ name, type, missing, values, reason }) => [
      shown(name),
      targets.includes(name) ? `${type}, target` : type,
      ...[missing === 0 ? '–' : grouped(missing), shown(values), shown(reason, 200)],
    ]);
  const lines = [...notes, ...result.warnings.map(({ message }) => message)];
  return {
    title: 'The table',
    blocks: [
      table('Columns as they were read', {
        heading: ['column', 'type', 'missing', 'values', 'why'],
        align: ['l', 'l', 'r', 'l', 'l'],
        rows,
      }),
      ...lines.map((line) => words(shown(line, 500))),
    ],
  };
}
