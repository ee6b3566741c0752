import assert from 'node:assert/strict';
import { test } from 'node:test';
import { learningRate } from '../dist/optim/schedule.js';
import { configure } from './support/training.ts';

async function rates(total: number, perEpoch: number, peak: number, ...overrides: string[]) {
  const { schedule } = await configure(...overrides);
  return Array.from({ length: total }, (_, step) => learningRate(schedule, peak, step, total, perEpoch));
}

function assertClose(got: readonly number[], expected: readonly number[]) {
  assert.equal(got.length, expected.length);
  got.forEach((rate, i) => {
    assert.ok(
      Math.abs(rate - expected[i]) < 1e-9 * Math.max(1, expected[i]),
      `step ${i}: ${rate}, not ${expected[i]}`,
    );
  });
}

test('constant stays', async () =>
  assertClose(await rates(3, 1, 0.5, 'schedule.name=constant'), [0.5, 0.5, 0.5]));

test('step multiplies by gamma after every so many epochs', async () => {
  const got = await rates(8, 2, 1, 'schedule.name=step', 'schedule.every=2', 'schedule.gamma=0.1');
  assertClose(got, [1, 1, 1, 1, 0.1, 0.1, 0.1, 0.1]);
});

test('cosine goes from the peak towards its final share', async () => {
  const got = await rates(4, 4, 1, 'schedule.name=cosine', 'schedule.final=0.2');
  assertClose(got, [1, 0.2 + 0.4 * (1 + Math.SQRT1_2), 0.6, 0.2 + 0.4 * (1 - Math.SQRT1_2)]);
});

test('warmup-linear rises from its start share to the peak, then falls to its end', async () => {
  const words = [
    'schedule.name=warmup-linear',
    'schedule.warmup=0.2',
    'schedule.start=0.1',
    'schedule.end=0',
  ];
  assertClose(await rates(10, 10, 2, ...words), [0.2, 1.1, 2, 1.75, 1.5, 1.25, 1, 0.75, 0.5, 0.25]);
  const [first, , , , last] = await rates(5, 5, 1, 'schedule.name=warmup-linear', 'schedule.warmup=0');
  assertClose([first, last], [1, 0.2]);
});

// torch.optim.lr_scheduler.OneCycleLR(max_lr=1, total_steps=10, pct_start=0.3, div_factor=25,
// final_div_factor=1e4), anneal_strategy cos: its first, peak, middle and last rates.
test("one-cycle is PyTorch's OneCycleLR", async () => {
  const got = await rates(10, 10, 1, 'schedule.name=one-cycle');
  assertClose([got[0], got[1], got[2], got[9]], [0.04, 0.52, 1, 0.04 / 10000]);
  const half = (step: number) => 4e-6 + ((1 - 4e-6) / 2) * (1 + Math.cos((Math.PI * (step - 2)) / 7));
  assertClose(got.slice(3, 9), [3, 4, 5, 6, 7, 8].map(half));
});

test('one-cycle survives runs of one and two steps', async () => {
  for (const total of [1, 2]) {
    for (const rate of await rates(total, total, 1, 'schedule.name=one-cycle'))
      assert.ok(rate > 0 && rate <= 1);
  }
});
