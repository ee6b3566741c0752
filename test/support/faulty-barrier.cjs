// Preloaded by NODE_OPTIONS: at its n-th arrival at a barrier, one worker of the command has the fault SHARDSTEP_TEST_FAULT.
const { isMainThread, threadId } = require('node:worker_threads');
const { writeFileSync } = require('node:fs');

const [kind, arrival, mark] = (process.env.SHARDSTEP_TEST_FAULT ?? '').split(' ');
/** See worker/control.ts. */
const [controlWords, barrierCount] = [1024, 64];

const { add } = Atomics;
let arrivals = 0;

const faults = {
  throw() {
    throw new Error('a kernel trapped');
  },
  exit: () => process.exit(7),
  loop() {
    for (;;);
  },
};

function isFirst() {
  try {
    writeFileSync(mark, String(threadId), { flag: 'wx' });
    return true;
  } catch {
    return false;
  }
}

if (!isMainThread && kind !== '')
  Atomics.add = (...args) => {
    const isBarrier = args[0].length === controlWords && args[1] === barrierCount;
    if (isBarrier && ++arrivals === Number(arrival) && isFirst()) faults[kind]();
    return add(...args);
  };
