/** The state of a run is plain data, and all that the rest of the run depends on besides the session's tensors. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { follow } from '../dist/coordinator/run-loop.js';
import { initialState, type TrainingState } from '../dist/coordinator/state.js';
import { trainingCourse } from '../dist/coordinator/training-run.js';
import type { StepMetrics } from '../dist/coordinator/work.js';
import { metricOf } from '../dist/metrics/metric.js';
import { emptyStop, judge } from '../dist/plan/stopping.js';
import { configure, openSession, someMnist } from './support/training.ts';

/** 10 steps an epoch. */
const pixels = [
  ...['model.hidden=[12]', 'data.pool=2', 'data.take=640', 'train.batch=64', 'optimizer.lr=0.2'],
  ...['train.epochs=4', 'train.steps=37'],
];

const untimed = (state: TrainingState) => ({ ...state, elapsedMs: 0, evaluateMs: 0 });

for (const [what, keys] of [
  ['a plain run', []],
  ['the tail average', ['train.tailAverage=0.9', 'train.tailEvery=2']],
  ['the best weights', ['optimizer.lr=0.7', 'stop.restoreBest=true', 'stop.every=3', 'stop.patience=20']],
  ['patience', ['stop.every=4', 'stop.patience=6', 'stop.minDelta=0.5']],
  ['the noise scale', ['log.noiseScale=true', 'parallel.sync=sharded']],
  ['chosen rows', ['train.selective.beta=1']],
] as const)
  for (const stopAt of [13, 20])
    test(`${what}: a copy of the state after step ${stopAt} goes on to the same bits`, async () => {
      const words = [...pixels, ...keys];
      const config = await configure(...words);
      const { trainer, session } = await openSession(await someMnist(640, 500), 2, words);
      try {
        const course = trainingCourse(session, config, 3);
        const losses: number[] = [];
        const observer = { step: (_: unknown, { loss }: StepMetrics) => losses.push(loss) };
        await trainer.start(3);
        const whole = await follow(session, course, initialState(3), observer);
        const expected = { losses: losses.splice(0), tensors: session.parameters() };

        // Leaves the loop in the middle; weights and the optimiser's state stay in the session.
        let copy: TrainingState | null = null;
        const left = new Error('left');
        const cut: typeof course = {
          ...course,
          atOnce: 1,
          judge(state, evaluation) {
            const judged = course.judge(state, evaluation);
            if (state.step < stopAt) return judged;
            copy = structuredClone(judged.state);
            throw left;
          },
        };
        await trainer.start(3);
        await assert.rejects(follow(session, cut, initialState(3), observer), left);
        assert.ok(copy !== null);
        const { elapsedMs, step } = copy as TrainingState;
        assert.equal(step, stopAt);
        session.order.fill(0);
        const rest = await follow(session, course, copy, observer);
        assert.deepEqual(losses, expected.losses);
        assert.deepEqual(session.parameters(), expected.tensors);
        assert.deepEqual(untimed(rest.state), untimed(whole.state));
        assert.equal(rest.reason, whole.reason);
        assert.ok(elapsedMs > 0 && rest.state.elapsedMs > elapsedMs);
      } finally {
        await session.close();
      }
    });

test('judging changes no state: the same one judged twice gives the same', () => {
  const stop = {
    metric: null,
    target: null,
    patience: 2,
    minDelta: 0,
    every: 'epoch',
    on: 'test',
    restoreBest: false,
    bestMargin: 0,
  } as const;
  const first = judge(emptyStop, stop, 0.5, metricOf('accuracy'));
  assert.deepEqual(first, { state: { best: 0.5, evaluationsSinceBest: 0 }, reason: null });
  const second = judge(first.state, stop, 0.5, metricOf('accuracy'));
  assert.deepEqual(second, judge(first.state, stop, 0.5, metricOf('accuracy')));
  assert.equal(second.reason, null);
  assert.equal(judge(second.state, stop, 0.4, metricOf('accuracy')).reason, 'patience');
  assert.equal(judge(second.state, { ...stop, target: 0.4 }, 0.4, metricOf('accuracy')).reason, 'target');
  assert.equal(judge(second.state, stop, 0.6, metricOf('accuracy')).state.evaluationsSinceBest, 0);
});
