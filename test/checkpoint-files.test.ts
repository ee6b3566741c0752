/** Which files of checkpoints are written, linked, synced and deleted. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import fs from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Checkpoint, capture } from '../dist/coordinator/checkpoint.js';
import { initialState } from '../dist/coordinator/state.js';
import { metricOf } from '../dist/metrics/metric.js';
import { runLength } from '../dist/plan/run-length.js';
import { readCheckpoint } from '../dist/run/checkpoint-file.js';
import { checkpointName, checkpointsIn, lastName } from '../dist/run/checkpoint-names.js';
import { Checkpoints } from '../dist/run/checkpoints.js';
import { factsOfTest } from './support/run-facts.ts';
import { scratch } from './support/scratch.ts';
import { configure, openSession, someMnist } from './support/training.ts';

interface Written {
  readonly folder: string;
  readonly warnings: string[];
  /** Hands over a copy as of this step, without waiting for its file. */
  keep(step: number): Checkpoint;
  finish(): Promise<void>;
}

/** Checkpoints of a run that goes on after a step, or begins; `flush`: of its records. */
async function checkpointsOf(
  t: TestContext,
  { keep = 2, from = 0, flush = () => {} }: { keep?: number; from?: number; flush?: () => void },
): Promise<Written> {
  const words = ['model.hidden=[4]', 'data.take=640', 'train.batch=64', 'checkpoint.every=5steps'];
  const config = await configure(...words, `checkpoint.keep=${keep}`);
  const { session, trainer } = await openSession(await someMnist(640, 10), 1, words);
  t.after(() => trainer.close());
  const folder = scratch(t);
  const warnings: string[] = [];
  const state = (step: number) => ({ ...initialState(1), step, epoch: 1 + Math.floor(step / 10) });
  const task = {
    ...{ config, folder, facts: factsOfTest(config), length: runLength(config, 640), flush },
    ...{ records: [], from: from === 0 ? null : state(from), best: null, metric: metricOf('accuracy') },
    warn: (_: string, message: string) => warnings.push(message),
  };
  const checkpoints = Checkpoints.of(task, session);
  assert.ok(checkpoints !== null);
  return {
    ...{ folder, warnings },
    keep(step) {
      const copy = capture(session, state(step));
      checkpoints.observer.failed?.(copy);
      return copy;
    },
    finish: () => checkpoints.finish(),
  };
}

test('a newest checkpoint that could not be read does not count among those that stay', async (t) => {
  const { folder, keep, finish } = await checkpointsOf(t, { keep: 1, from: 4000 });
  for (const step of [3000, 4000, 6000]) writeFileSync(join(folder, checkpointName(step)), 'damaged');
  const copy = keep(4100);
  await finish();
  assert.deepEqual(checkpointsIn(folder), [checkpointName(4100)]);
  assert.deepEqual(readCheckpoint(join(folder, checkpointName(4100))).checkpoint, copy);
});

test('the checkpoint from which the run goes on stays beside the first new one, if two are kept', async (t) => {
  const { folder, keep, finish } = await checkpointsOf(t, { from: 4000 });
  for (const step of [3000, 4000, 6000]) writeFileSync(join(folder, checkpointName(step)), '');
  keep(4100);
  await finish();
  assert.deepEqual(checkpointsIn(folder), [4100, 4000].map(checkpointName));
});

test('a copy of an earlier step than that of the file being written is not written after it', async (t) => {
  const { folder, keep, finish } = await checkpointsOf(t, {});
  const copy = keep(15);
  keep(14);
  await finish();
  assert.deepEqual(checkpointsIn(folder), [checkpointName(15)]);
  assert.deepEqual(readCheckpoint(join(folder, lastName)).checkpoint, copy);
});

test('it is written after all if that file cannot be', async (t) => {
  const { folder, keep, finish, warnings } = await checkpointsOf(t, {});
  const { rename } = fs;
  t.mock.method(fs, 'rename', (from: string, to: string) =>
    to.endsWith(checkpointName(15))
      ? Promise.reject(Object.assign(new Error('no'), { code: 'EIO' }))
      : rename(from, to),
  );
  keep(15);
  keep(14);
  await finish();
  assert.deepEqual(checkpointsIn(folder), [checkpointName(14)]);
  assert.match(warnings.join('\n'), /^no checkpoint after step 15: .*EIO\); the next one is tried$/);
});

test('a link or a deletion that fails is not taken for a checkpoint that is missing', async (t) => {
  const { folder, keep, finish, warnings } = await checkpointsOf(t, { keep: 1 });
  keep(5);
  await finish();
  const fault = Object.assign(new Error('no'), { code: 'EIO' });
  const { rename, rm } = fs;
  t.mock.method(fs, 'rename', (from: string, to: string) =>
    to.endsWith(lastName) ? Promise.reject(fault) : rename(from, to),
  );
  t.mock.method(fs, 'rm', (file: string, options: object) =>
    file.endsWith(checkpointName(5)) ? Promise.reject(fault) : rm(file, options),
  );
  keep(15);
  await finish();
  assert.deepEqual(checkpointsIn(folder), [15, 5].map(checkpointName));
  assert.equal(warnings.length, 2, warnings.join('\n'));
  assert.match(warnings[0], /^the checkpoint after step 15 is not checkpoint-last\.safetensors: .*EIO/);
  assert.match(warnings[1], /^checkpoints before step 15 are not deleted: /);
});

test('the folder is synced after each name that a checkpoint gets', async (t) => {
  const { folder, keep, finish } = await checkpointsOf(t, {});
  const done: string[] = [];
  const { open, rename } = fs;
  t.mock.method(fs, 'open', async (...given: Parameters<typeof open>) => {
    if (given[0] === folder) done.push('folder');
    return open(...given);
  });
  t.mock.method(fs, 'rename', async (...given: Parameters<typeof rename>) => {
    done.push('rename');
    await rename(...given);
  });
  keep(15);
  await finish();
  assert.deepEqual(done, ['rename', 'folder', 'rename', 'folder']);
});
