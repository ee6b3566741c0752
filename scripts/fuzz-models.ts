/**
 * Opens damaged model files by the thousand: `npm run fuzz:models -- [COUNT] [SEED]`, 100,000 and 1 by default. Each must
 * be opened or refused in one line; the first other error ends it with the number of its file. Prints the figures.
 */
import { damagedFiles, openDamaged } from '../test/support/damaged-models.ts';

const [count = 100_000, seed = 1] = process.argv.slice(2).map(Number);

const began = performance.now();
let [done, refused, slowestMs] = [0, 0, 0];
const kinds = new Map<string, number>();
for (const file of damagedFiles(seed, count)) {
  const start = performance.now();
  try {
    const refusal = openDamaged(file);
    if (refusal !== null) {
      refused += 1;
      const kind = refusal.message.replace(/"[^"]*"|\d+/g, '…').slice(0, 60);
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    }
  } catch (error) {
    console.error(`file ${done} of seed ${seed}, ${file.name}, ${file.bytes.length} bytes:`);
    throw error;
  }
  done += 1;
  slowestMs = Math.max(slowestMs, performance.now() - start);
}
const seconds = (performance.now() - began) / 1000;
const { rss } = process.memoryUsage();
const common = [...kinds].sort((a, b) => b[1] - a[1]).slice(0, 8);
for (const [kind, times] of common) console.log(`${String(times).padStart(8)}  ${kind}`);
console.log(
  `${done} files of seed ${seed}: ${refused} refused in one line, ${done - refused} opened, no other error; ` +
    `${seconds.toFixed(0)} s, the slowest ${slowestMs.toFixed(0)} ms, ${Math.round(rss / 2 ** 20)} MiB resident`,
);
