/**
 * Preloaded by NODE_OPTIONS: one worker of the command has a fault, once, at its n-th addition to a word of the control block, or
 * at its n-th arrival at a barrier. SHARDSTEP_WORKER_FAULT: `kind added|arrived n file`. The file marks that the fault has happened; it
 * gets the moment, in milliseconds since the Unix epoch: of `memory` the last in which there was some, of `terminate` that of the call.
 */
const { BroadcastChannel, isMainThread, threadId } = require('node:worker_threads');
const { writeFileSync } = require('node:fs');
const { setFlagsFromString } = require('node:v8');

const [kind, word, count, file] = (process.env.SHARDSTEP_WORKER_FAULT ?? '').split(' ');
/** See worker/control.ts. */
const [controlWords, barrierCount] = [1024, 64];
const channel = 'shardstep-fault';

const now = () => String(performance.timeOrigin + performance.now());
const mark = () => writeFileSync(file, now());

const faults = {
  throw() {
    mark();
    throw new Error('a kernel trapped');
  },
  exit() {
    mark();
    process.exit(7);
  },
  loop() {
    mark();
    for (;;);
  },
  memory() {
    for (const kept = []; ; mark()) kept.push(new Array(1e5).fill(kept.length));
  },
  /** Computes until the main thread terminates it. */
  terminate() {
    new BroadcastChannel(channel).postMessage(threadId);
    for (;;);
  },
};

function isFirst() {
  try {
    writeFileSync(file, '', { flag: 'wx' });
    return true;
  } catch {
    return false;
  }
}

/** The main thread: a worker with little memory, or one that it terminates. */
function prepare() {
  if (kind === 'memory') setFlagsFromString('--max-old-space-size=48');
  if (kind !== 'terminate') return;
  const workers = [];
  process.on('worker', (worker) => workers.push(worker));
  const calls = new BroadcastChannel(channel);
  calls.unref();
  calls.onmessage = ({ data }) => {
    mark();
    workers.find((worker) => worker.threadId === data)?.terminate();
  };
}

function preload() {
  const { add } = Atomics;
  let seen = 0;
  Atomics.add = (...args) => {
    const isCounted = word === 'added' || (args[0].length === controlWords && args[1] === barrierCount);
    if (isCounted && ++seen === Number(count) && isFirst()) faults[kind]();
    return add(...args);
  };
}

if (file !== undefined) (isMainThread ? prepare : preload)();
