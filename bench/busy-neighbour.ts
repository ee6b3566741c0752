/**
 * A process that keeps one core busy on command. It reads `spin` and `rest`, one a line, from stdin and answers when
 * done. It ends when stdin closes, for any end of the process at the other side, and at the latest after `lifetimeMs`.
 */
import { createInterface } from 'node:readline';

const lifetimeMs = 300_000;

/** Time between two reads of stdin. */
const burstMs = 10;

let spins = false;

function burst(): void {
  if (!spins) return;
  for (const until = performance.now() + burstMs; performance.now() < until; );
  setImmediate(burst);
}

setTimeout(() => process.exit(0), lifetimeMs);
createInterface(process.stdin)
  .on('line', (word) => {
    const started = word === 'spin' && !spins;
    spins = word === 'spin';
    if (started) setImmediate(burst);
    console.log(word);
  })
  .on('close', () => process.exit(0));
console.log('ready');
