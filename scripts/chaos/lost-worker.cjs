// Preloaded by NODE_OPTIONS: at its n-th addition to a word of the control block, one worker ends, as if it were terminated.
const { isMainThread } = require('node:worker_threads');
const { writeFileSync } = require('node:fs');

const [arrival, mark] = (process.env.CHAOS_WORKER ?? '').split(' ');
const { add } = Atomics;
let arrivals = 0;

function isFirst() {
  try {
    writeFileSync(mark, '', { flag: 'wx' });
    return true;
  } catch {
    return false;
  }
}

if (!isMainThread && mark !== undefined)
  Atomics.add = (...args) => {
    if (++arrivals === Number(arrival) && isFirst()) process.exit(7);
    return add(...args);
  };
