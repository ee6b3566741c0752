/** `npm run bench -- NAME`: measurements, printed as tables and kept with all their samples in results/. */
const benches = ['default', 'sync', 'packing', 'kernels'] as const;

const asked = process.argv[2];
const name = benches.find((each) => each === asked);
if (name === undefined) {
  console.error(
    `usage: npm run bench -- NAME, NAME one of ${benches.join(', ')}${asked ? `; got ${asked}` : ''}`,
  );
  process.exitCode = 2;
} else {
  const { machineLine } = await import('./harness.ts');
  console.log(`${machineLine()}\nOther processes on the machine disturb it: compare within a run.\n`);
  await (await import(`./${name}.ts`)).default();
}
