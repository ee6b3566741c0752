/**
 * The Piscina task of the package with one fault, once, in a step of one rank: in place of its module, it is given to a pool.
 * SHARDSTEP_TEST_FAULT: `kind rank step file`; the file marks that the fault has happened, and names the
 * thread.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { threadId } from 'node:worker_threads';
import { type Step, strategies } from '../../dist/sync/strategy.js';
import runRank, { type RankTask } from '../../dist/worker/index.js';

const faults: Record<string, () => void> = {
  throw() {
    throw new Error('a kernel trapped');
  },
  exit() {
    process.exit(7);
  },
  memory() {
    const kept: number[][] = [];
    for (;;) kept.push(new Array(1e5).fill(kept.length));
  },
  loop() {
    for (;;);
  },
  /** Endless within WebAssembly: (func (loop (br 0))). */
  kernel() {
    const bytes = [
      ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 0x66, 0, 0],
      ...[10, 9, 1, 7, 0, 3, 0x40, 0x0c, 0, 0x0b, 0x0b],
    ];
    const instance = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(bytes)), {} as never);
    (instance.exports.f as () => void)();
  },
  /** A step that takes longer than an interruption waits for it. */
  long() {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500);
  },
  sleep() {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  },
};

const first = (mark: string): boolean => {
  try {
    writeFileSync(mark, String(threadId), { flag: 'wx' });
    return true;
  } catch {
    return false;
  }
};

/** Throws once at its step, then once three steps earlier, and so on, as often as the kind says: `backwards2`. */
function failBackwards(times: number, at: number, step: number, mark: string): void {
  const time = (at - step) / 3;
  if (!Number.isInteger(time) || time < 0 || time >= times) return;
  if (time > 0 && !existsSync(`${mark}.${time - 1}`)) return;
  if (first(`${mark}.${time}`)) faults.throw();
}

/** Once, unless it is a fault of the data. */
function fail(kind: string, mark: string): void {
  if (kind === 'always') faults.throw();
  else if (first(mark)) faults[kind]();
}

const wholeSteps = new Map<string, (step: Step) => void>();

export default async function run(task: RankTask): Promise<void> {
  const [kind, rank, at, mark] = (process.env.SHARDSTEP_TEST_FAULT ?? '').split(' ');
  const { sync } = task.plan;
  const work = wholeSteps.get(sync) ?? strategies[sync].work;
  wholeSteps.set(sync, work);
  // Before the step's own work: the others are in it, or wait.
  Object.assign(strategies[sync], {
    work(step: Step) {
      step.clock.enter('compute');
      const [, times] = /^backwards(\d+)$/.exec(kind) ?? [];
      if (step.rank === Number(rank) && times !== undefined)
        failBackwards(Number(times), Number(at), step.number, mark);
      else if (step.rank === Number(rank) && step.number === Number(at)) fail(kind, mark);
      work(step);
    },
  });
  await runRank(task);
  // Of a session that ends.
  if (kind === 'stay' && task.rank === Number(rank)) faults.sleep();
}
