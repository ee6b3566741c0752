/** `npm run bench -- NAME`: measurements, printed as tables and stored with all their samples in results/. */
const benches = new Map([
  ['default', async () => (await import('./default.ts')).default],
  ['sprint', async () => (await import('./sprint.ts')).default],
  ['recipes', async () => (await import('./recipes.ts')).default],
  ['inference', async () => (await import('./inference.ts')).default],
  ['start', async () => (await import('./start.ts')).default],
  ['cold', async () => (await import('./cold.ts')).default],
  ['engine', async () => (await import('./engine.ts')).default],
  ['threads', async () => (await import('./threads.ts')).default],
  ['tfjs', async () => (await import('./tfjs.ts')).default],
  ['sync', async () => (await import('./sync.ts')).default],
  ['packing', async () => (await import('./packing.ts')).default],
  ['profile', async () => (await import('./profile.ts')).default],
  ['library', async () => (await import('./library.ts')).default],
  ['brain', async () => (await import('./brain.ts')).default],
  ['tables', async () => (await import('./tables.ts')).default],
  ['texts', async () => (await import('./texts.ts')).default],
  ['soak', async () => (await import('./soak.ts')).default],
  ['checkpoint', async () => (await import('./checkpoint.ts')).default],
  ['worker-loss', async () => (await import('./worker-loss.ts')).default],
  ['barrier', async () => (await import('./barrier.ts')).default],
  ['kernels', async () => (await import('./kernels.ts')).default],
]);

const name = process.argv[2];
const load = benches.get(name);
if (load === undefined) {
  const got = name === undefined ? '' : `; got ${name}`;
  console.error(`usage: npm run bench -- NAME, NAME one of ${[...benches.keys()].join(', ')}${got}`);
  process.exitCode = 2;
} else {
  const { refuseChanges } = await import('./record.ts');
  refuseChanges();
  const { machineLine } = await import('./harness.ts');
  console.log(`${machineLine()}\nOther processes on the machine disturb it: compare within a run.\n`);
  const bench = await load();
  await bench();
}
