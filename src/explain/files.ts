/** The files of an explanation, its part of result.json, and its lines on the card. */
import Papa from 'papaparse';
import { grouped, printable } from '../numbers/words.js';
import { metricInWords } from '../run/result-card.js';
import { shortened } from '../tables/schema.js';
import type { Explanation, Importances } from './parts.js';

type Cells = readonly (string | number | null)[];

const csv = (heading: readonly string[], rows: readonly Cells[]): string =>
  `${Papa.unparse([heading, ...rows] as (string | number | null)[][], { newline: '\n' })}\n`;

/** By name. `names`: of classes, labels or values. */
export function explanationFiles(
  { importance, calibration, confusion, worst }: Explanation,
  names: readonly string[],
): Record<string, string> {
  const files: Record<string, string> = {};
  if (importance !== null)
    files['importance.csv'] = csv(
      ['column', 'type', 'metric', 'importance', 'sd', 'low', 'high', 'repeats', 'rows'],
      importance.columns.map(({ column, type, importance: value, sd, low, high }) => [
        ...[column, type, importance.metric, value, sd, low, high],
        ...[importance.repeats, importance.rows],
      ]),
    );
  files['calibration.csv'] =
    calibration.kind === 'shares'
      ? csv(
          ['low', 'high', 'rows', 'confidence', 'share'],
          calibration.bins.map(({ low, high, count, confidence, share }) => [
            ...[low, high, count, confidence, share],
          ]),
        )
      : csv(
          ['target', 'rows', 'predicted', 'true', 'rmse'],
          calibration.targets.flatMap(({ name, bins }) =>
            bins.map(({ count, predicted, target, rmse }) => [name, count, predicted, target, rmse]),
          ),
        );
  if (confusion !== null)
    files['confusion.csv'] = csv(
      ['true class', ...names.map((name) => `predicted ${name}`)],
      confusion.map((counts, place) => [names[place], ...counts]),
    );
  const isClass = confusion !== null || worst.rows.some(({ probability }) => probability !== null);
  files['worst.csv'] = csv(
    [
      ...[worst.place, 'loss'],
      ...(isClass
        ? ['target', 'predicted', 'probability']
        : names.flatMap((name) => [name, `predicted ${name}`])),
    ],
    worst.rows.map(({ place, loss, targets, predicted, probability }) => [
      ...[place, loss],
      ...(isClass
        ? [targets[0], predicted[0], probability]
        : targets.flatMap((one, k) => [one, predicted[k]])),
    ]),
  );
  return files;
}

/** result.json has so many columns, importance.csv all. */
const mostColumns = 10;

/** Keys of result.json. */
export function explanationKeys({ part, importance, calibration }: Explanation): Record<string, unknown> {
  return {
    ...(importance === null
      ? {}
      : {
          importance: {
            ...{ metric: importance.metric, on: part, rows: importance.rows, repeats: importance.repeats },
            columns: importance.columns
              .slice(0, mostColumns)
              .map(({ column, importance: value, low, high }) => ({ column, importance: value, low, high })),
          },
        }),
    calibration:
      calibration.kind === 'shares'
        ? { on: part, ece: calibration.ece }
        : { on: part, bias: Object.fromEntries(calibration.targets.map(({ name, bias }) => [name, bias])) },
  };
}

const shownColumns = 6;

/** Label and words of each line. */
export function explanationLines({ part, importance, leftOut }: Explanation): [string, string][] {
  if (importance === null) return leftOut.map((words) => ['columns', words]);
  const { metric, columns, rows, repeats } = importance;
  const verb = importance.better === 'higher' ? 'lower' : 'higher';
  const shown = columns.slice(0, shownColumns);
  const names = shown.map(({ column }) => shortened(printable(column).replaceAll('\n', '�'), 24));
  const widest = Math.max(...names.map((name) => name.length));
  const more = columns.length - shown.length;
  return [
    [
      'columns',
      `${metric} ${verb} by, if a column's values change places (${grouped(rows)} ${part} rows, ${repeats} times, 95 %):`,
    ],
    ...shown.map(({ importance: value, low, high }, place): [string, string] => [
      '',
      `${names[place].padEnd(widest)}  ${changeInWords(importance, value)} (${rangeInWords(importance, low, high)})`,
    ]),
    ...(more > 0 ? [['', `and ${more} more in importance.csv`] as [string, string]] : []),
  ];
}

/** A share in points. */
export function changeInWords(of: Pick<Importances, 'metric'>, value: number): string {
  return `${changeNumber(of, value)}${isShare(of) ? ' points' : ''}`;
}

/** `1.25 to 2.50 points`. */
export const rangeInWords = (of: Pick<Importances, 'metric'>, low: number, high: number): string =>
  `${changeNumber(of, low)} to ${changeInWords(of, high)}`;

const isShare = ({ metric }: Pick<Importances, 'metric'>) => metricInWords(metric, 0).endsWith('%');
const changeNumber = (of: Pick<Importances, 'metric'>, value: number): string =>
  isShare(of) ? (value * 100).toFixed(2) : String(Number(value.toPrecision(3)));
