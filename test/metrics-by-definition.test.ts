/** Metrics beside their definitions, written out the long way, on outputs with ties, wrong answers and absent classes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { lossOf } from '../dist/loss/loss.js';
import { allMetrics, isBetter, isReached, judgedBy, metricOf } from '../dist/metrics/metric.js';

const close = (got: number | null | undefined, expected: number | null, what: string) =>
  expected === null
    ? assert.equal(got, null, what)
    : assert.ok(
        Math.abs(Number(got) - expected) <= 1e-9 * Math.max(1, Math.abs(expected)),
        `${what}: ${got} instead of ${expected}`,
      );

const mean = (values: readonly number[]) =>
  values.length === 0 ? null : values.reduce((a, b) => a + b, 0) / values.length;
const inUnits = (outputs: Float32Array) => Float64Array.from(outputs);

/** By every pair. */
function slowAuc(scores: readonly number[], isTrue: readonly boolean[]): number | null {
  const pairs = scores.flatMap((own, i) =>
    isTrue[i]
      ? scores.flatMap((other, j) => (isTrue[j] ? [] : own > other ? 1 : own === other ? 0.5 : 0))
      : [],
  );
  return mean(pairs);
}

/** Few values: many ties. */
const output = fc.constantFrom(-2, -1, -0.5, 0, 0.5, 1, 2).map(Math.fround);

test('of classes', () => {
  fc.assert(
    fc.property(
      fc
        .integer({ min: 2, max: 4 })
        .chain((classes) =>
          fc.tuple(
            fc.constant(classes),
            fc.array(
              fc.tuple(
                fc.integer({ min: 0, max: classes - 1 }),
                fc.array(output, { minLength: classes, maxLength: classes }),
              ),
              { minLength: 1, maxLength: 30 },
            ),
          ),
        ),
      ([classes, drawn]) => {
        // Sums of the same numbers in another order would round apart: only equal rows tie.
        const rows = drawn.map(
          ([own, row]) => [own, row.map((z, c) => Math.fround(z + 0.37 * c * c))] as const,
        );
        const target = { kind: 'class', classes, weights: null } as const;
        const loss = lossOf({ name: 'cross-entropy', labelSmoothing: 0, classWeights: 'none' }, target);
        const outputs = Float32Array.from(rows.flatMap(([, row]) => row));
        const targets = Uint32Array.from(rows, ([own]) => own);
        const got = allMetrics(judgedBy(outputs, { targets, inUnits }, target, loss));
        const chosen = rows.map(([, row]) => row.indexOf(Math.max(...row)));
        const probabilities = rows.map(([, row]) => {
          const powers = row.map(Math.exp);
          const sum = powers.reduce((a, b) => a + b);
          return powers.map((power) => power / sum);
        });
        const occurring = Array.from({ length: classes }, (_, c) => c).filter((c) => targets.includes(c));
        const count = (test: (i: number) => boolean) => [...rows.keys()].filter(test).length;
        close(got.accuracy, mean(rows.map(([own], i) => Number(own === chosen[i]))), 'accuracy');
        close(
          got.balancedAccuracy,
          mean(
            occurring.map(
              (c) => count((i) => targets[i] === c && chosen[i] === c) / count((i) => targets[i] === c),
            ),
          ),
          'balancedAccuracy',
        );
        const f1 = (c: number) => {
          const hits = count((i) => targets[i] === c && chosen[i] === c);
          return (2 * hits) / (count((i) => targets[i] === c) + count((i) => chosen[i] === c));
        };
        close(got.f1, mean(occurring.map(f1)), 'f1');
        close(got.logLoss, mean(rows.map(([own], i) => -Math.log(probabilities[i][own]))), 'logLoss');
        // Equal rows give equal probabilities: ties stay ties.
        const auc = (c: number) =>
          slowAuc(
            probabilities.map((row) => Number(row[c].toPrecision(12))),
            [...targets].map((own) => own === c),
          );
        const each = (classes === 2 ? [1] : occurring).flatMap((c) => auc(c) ?? []);
        close(got.auc, mean(each), 'auc');
      },
    ),
  );
});

test('of labels and of values', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 3 }).chain((width) =>
        fc.tuple(
          fc.constant(width),
          fc.array(fc.tuple(...Array.from({ length: width }, () => fc.tuple(fc.boolean(), output))), {
            minLength: 2,
            maxLength: 25,
          }),
        ),
      ),
      ([width, rows]) => {
        const target = { kind: 'value', width } as const;
        const outputs = Float32Array.from(rows.flatMap((row) => row.map(([, z]) => z)));
        const targets = Float32Array.from(rows.flatMap((row) => row.map(([is]) => Number(is))));
        const columns = Array.from({ length: width }, (_, k) => rows.map((row) => row[k]));
        const labels = allMetrics(
          judgedBy(outputs, { targets, inUnits }, target, lossOf({ name: 'binary-cross-entropy' }, target)),
        );
        close(
          labels.accuracy,
          mean(rows.map((row) => Number(row.every(([is, z]) => is === z > 0)))),
          'accuracy',
        );
        const aucs = columns.map((column) =>
          slowAuc(
            column.map(([, z]) => z),
            column.map(([is]) => is),
          ),
        );
        close(labels.auc, mean(aucs.flatMap((one) => one ?? [])), 'auc');
        const surprises = columns.flat().map(([is, z]) => Math.log(1 + Math.exp(is ? -z : z)));
        close(labels.logLoss, mean(surprises), 'logLoss');
        const values = allMetrics(
          judgedBy(outputs, { targets, inUnits }, target, lossOf({ name: 'squared-error' }, target)),
        );
        assert.deepEqual(Object.keys(values), ['rmse', 'mae', 'r2']);
        const errors = columns.map((column) => column.map(([is, z]) => z - Number(is)));
        close(values.rmse, mean(errors.map((own) => Math.sqrt(Number(mean(own.map((e) => e * e)))))), 'rmse');
        close(values.mae, mean(errors.map((own) => Number(mean(own.map(Math.abs))))), 'mae');
        const r2 = columns.flatMap((column, k) => {
          const own = column.map(([is]) => Number(is));
          const spread = own.reduce((sum, y) => sum + (y - Number(mean(own))) ** 2, 0);
          return spread === 0 ? [] : 1 - errors[k].reduce((sum, e) => sum + e * e, 0) / spread;
        });
        close(values.r2, mean(r2), 'r2');
      },
    ),
  );
});

test('two classes with one output have the metrics of their sigmoid', () => {
  const target = { kind: 'class', classes: 2, weights: null } as const;
  const targets = Uint32Array.of(0, 1, 1, 0, 1);
  const one = Float32Array.of(-1, 2, -0.5, 0, 3);
  const two = Float32Array.from([...one].flatMap((z) => [0, z]));
  const [binary, softmax] = [
    lossOf({ name: 'binary-cross-entropy' }, target),
    lossOf({ name: 'cross-entropy', labelSmoothing: 0, classWeights: 'none' }, target),
  ];
  const got = allMetrics(judgedBy(one, { targets, inUnits }, target, binary));
  assert.deepEqual(got, allMetrics(judgedBy(two, { targets, inUnits }, target, softmax)));
  assert.equal(got.accuracy, 0.8);
});

test('lower errors and higher shares are better; a row of NaN recognises nothing', () => {
  assert.ok(isBetter(metricOf('rmse'), 1, 2) && !isBetter(metricOf('rmse'), 2, 2));
  assert.ok(isBetter(metricOf('f1'), 0.6, 0.5) && isBetter(metricOf('logLoss'), 0.1, 0.2));
  assert.ok(
    isReached(metricOf('mae'), 3, 3) &&
      !isReached(metricOf('mae'), 3.1, 3) &&
      isReached(metricOf('r2'), 0.9, 0.9),
  );
  const target = { kind: 'class', classes: 2, weights: null } as const;
  const loss = lossOf({ name: 'cross-entropy', labelSmoothing: 0, classWeights: 'none' }, target);
  const outputs = Float32Array.of(Number.NaN, 0, 0, 1);
  const { accuracy, auc } = allMetrics(
    judgedBy(outputs, { targets: Uint32Array.of(0, 1), inUnits }, target, loss),
  );
  assert.deepEqual([accuracy, auc], [0.5, null]);
});
