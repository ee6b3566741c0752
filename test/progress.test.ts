import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createProgress, type ProgressState } from '../dist/run/progress.js';

const state: ProgressState = {
  epoch: 2,
  epochs: 4,
  images: 30_720,
  imagesPerEpoch: 60_000,
  elapsedMs: 1200,
  imagesPerSecond: 151_700,
  loss: 0.12341,
  accuracy: 0.9681,
};
const LINE = 'epoch 2/4  30,720/60,000  1.2s<2.0s  152k images/s  loss 0.1234  accuracy 96.81 %';

/** A stream that keeps what is written, and what a one-line terminal would show of it. */
function screen(isTTY: boolean, columns = 120) {
  const writes: string[] = [];
  return {
    stream: { isTTY, columns, write: (text: string) => writes.push(text) },
    writes,
    /** The lines above the cursor's line, then the cursor's line. */
    lines: () =>
      writes
        .join('')
        .split('\n')
        .map((line) => line.split('\r\x1b[K').at(-1) ?? ''),
  };
}

/** A clock moved by hand. */
function clock() {
  const time = { ms: 1000 };
  return { time, now: () => time.ms };
}

test('a terminal shows one line with epoch, images, times, rate, loss and accuracy', () => {
  const { stream, lines } = screen(true);
  createProgress({ stream, quiet: false, color: false }).update(state);
  assert.deepEqual(lines(), [LINE]);
});

test('a terminal is redrawn at most ten times a second', () => {
  const { stream, writes } = screen(true);
  const { time, now } = clock();
  const progress = createProgress({ stream, quiet: false, color: false, now });
  for (; time.ms < 2000; time.ms++) progress.update({ ...state, evaluated: true });
  assert.equal(writes.length, 10);
});

test('no width wraps the line, and no number is cut while a whole field can go instead', () => {
  for (let columns = 12; columns <= 100; columns++) {
    const { stream, lines } = screen(true, columns);
    createProgress({ stream, quiet: false, color: true, env: {} }).update(state);
    const shown = String(lines()[0]).replaceAll('\x1b[2m', '').replaceAll('\x1b[22m', '');
    assert.ok(shown.length < columns, `${shown.length} columns of ${columns}: ${shown}`);
    for (const field of shown.split('  '))
      assert.ok(LINE.split('  ').includes(field), `cut field "${field}"`);
  }
  const { stream, lines } = screen(true, 5);
  createProgress({ stream, quiet: false, color: false }).update(state);
  assert.deepEqual(lines(), ['epoc']);
});

test('accuracy outlives rate and counts where columns are short', () => {
  const { stream, lines } = screen(true, 45);
  createProgress({ stream, quiet: false, color: false }).update(state);
  assert.deepEqual(lines(), ['epoch 2/4  loss 0.1234  accuracy 96.81 %']);
});

test('notes stay above the redrawn line, and the end leaves only them', () => {
  const { stream, lines } = screen(true);
  const progress = createProgress({ stream, quiet: false, color: false });
  progress.update(state);
  progress.note('target reached');
  assert.deepEqual(lines(), ['target reached', LINE]);
  progress.finish();
  assert.deepEqual(lines(), ['target reached', '']);
  progress.update({ ...state, epoch: 3 });
  progress.note('too late');
  assert.deepEqual(lines(), ['target reached', '']);
});

test('without a terminal there is a plain line every two seconds and at evaluations', () => {
  const { stream, writes } = screen(false);
  const { time, now } = clock();
  const progress = createProgress({ stream, quiet: false, env: {}, now });
  progress.update(state);
  time.ms += 1999;
  progress.update(state);
  assert.deepEqual(writes, []);
  time.ms += 1;
  progress.update(state);
  progress.update(state);
  assert.deepEqual(writes, [`${LINE}\n`]);
  progress.update({ ...state, evaluated: true });
  assert.deepEqual(writes, [`${LINE}\n`, `${LINE}\n`]);
  progress.finish();
  for (const control of ['\r', '\x1b']) assert.ok(!writes.join('').includes(control));
});

test('colour follows NO_COLOR and the terminal, and an explicit choice goes first', () => {
  const coloured = (isTTY: boolean, options: { color?: boolean; env?: Record<string, string> }) => {
    const { stream, writes } = screen(isTTY);
    const { time, now } = clock();
    const progress = createProgress({ stream, quiet: false, env: {}, now, ...options });
    time.ms += 5000;
    progress.update(state);
    assert.equal(writes.length, 1);
    return writes.join('').includes('\x1b[2m');
  };
  assert.equal(coloured(true, {}), true);
  assert.equal(coloured(true, { env: { NO_COLOR: '1' } }), false);
  assert.equal(coloured(true, { env: { NO_COLOR: '' } }), true);
  assert.equal(coloured(false, {}), false);
  assert.equal(coloured(true, { color: false }), false);
  assert.equal(coloured(true, { color: true, env: { NO_COLOR: '1' } }), true);
});

test('a dumb terminal gets plain lines', () => {
  const { stream, writes } = screen(true);
  const progress = createProgress({ stream, quiet: false, env: { TERM: 'dumb' } });
  progress.update({ ...state, evaluated: true });
  assert.deepEqual(writes, [`${LINE}\n`]);
});

test('quiet writes nothing at all', () => {
  const { stream, writes } = screen(true);
  const progress = createProgress({ stream, quiet: true });
  progress.update(state);
  progress.note('a note');
  progress.finish();
  assert.deepEqual(writes, []);
});

test('the latest accuracy stays until a newer one, and what is unknown is left out', () => {
  const { stream, lines } = screen(true);
  const { time, now } = clock();
  const progress = createProgress({ stream, quiet: false, color: false, now });
  const start = { ...state, epoch: 1, images: 0, loss: null, accuracy: null, imagesPerSecond: null };
  progress.update(start);
  assert.deepEqual(lines(), ['epoch 1/4  0/60,000  1.2s<?']);
  time.ms += 200;
  progress.update({ ...start, accuracy: 0.5 });
  time.ms += 200;
  progress.update({ ...start, elapsedMs: 3_725_000 });
  assert.deepEqual(lines(), ['epoch 1/4  0/60,000  1h02m<?  accuracy 50.00 %']);
});
