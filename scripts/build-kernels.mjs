// Compiles the AssemblyScript kernels, each module twice: with relaxed (fused) multiply-add, and with plain SIMD for
// runtimes without it. Those of direction features are compiled for each grid, from the same files. `--text` also writes
// the .wat beside each, for inspection.
import { mkdirSync, writeFileSync } from 'node:fs';
import asc from 'assemblyscript/asc';
import { inferenceKernels } from '../src/kernels/kernels.ts';
import { poolingSource } from './kernels/pooling.ts';

const grids = [12, 16, 20];
/**
 * The race has a separate module with only the exports that it calls, PLAIN: sums of two rows, central differences, 4 ×
 * 4 pooling cells, no products.
 */
const raceGrid = 12;
const directions = 'src/kernels/directions/assembly';
const generated = 'dist/kernels/generated';
mkdirSync(generated, { recursive: true });
writeFileSync(`${generated}/pooling.ts`, poolingSource(grids));

/** Prefix of the module's name → its source, and its constants. */
const modules = new Map([
  ['', { file: 'src/kernels/assembly/index.ts', constants: {} }],
  ['int8.', { file: 'src/kernels/assembly/int8/index.ts', constants: {} }],
  ...grids.map((grid) => [
    `directions-${grid}.`,
    { file: `${directions}/index.ts`, constants: { GRID: grid, PLAIN: 0 } },
  ]),
  [`race-${raceGrid}.`, { file: `${directions}/race.ts`, constants: { GRID: raceGrid, PLAIN: 1 } }],
]);

/** The same code as in the engine, without what only a training calls: a loaded model compiles a third as much. */
const inference = `${generated}/inference.ts`;
writeFileSync(
  inference,
  `export { ${inferenceKernels.join(', ')} } from '../../../src/kernels/assembly/index';\n`,
);
modules.set('inference.', { file: inference, constants: {} });

// Online training in float32 and SIMD.
const online = 'src/kernels/assembly/online/index.ts';
modules.set('online-wide.', { file: online, constants: { WIDE: 1 } });

for (const [prefix, { file, constants }] of modules) {
  for (const [name, fma] of Object.entries({ relaxed: 1, simd: 0 })) {
    const { error, stderr } = await asc.main([
      file,
      ...['-o', `dist/kernels/${prefix}${name}.wasm`],
      ...(process.argv.includes('--text') ? ['-t', `dist/kernels/${prefix}${name}.wat`] : []),
      ...['--runtime', 'stub', '--noAssert', '-O3', '--use', 'abort='],
      ...Object.entries({ ...constants, FMA: fma }).flatMap(([name, value]) => ['--use', `${name}=${value}`]),
      ...['--enable', 'simd', '--enable', 'threads', ...(fma ? ['--enable', 'relaxed-simd'] : [])],
      // Modules share the memory's first page with the engine: its constants come first, those of int8 are at half of it.
      ...['--memoryBase', prefix === 'int8.' ? '32768' : '0'],
      ...['--importMemory', '--sharedMemory', '--initialMemory', '1', '--maximumMemory', '65536'],
    ]);
    if (error) {
      console.error(`${file}: ${stderr.toString()}`);
      process.exit(1);
    }
  }
}

// Modules that have no levels. Elementary functions in float64, for JavaScript: in a memory of its own. Online training in the
// arithmetic of brain.js. Both are compiled at run time, so they are small.
const single = {
  elementary: ['src/kernels/assembly/elementary/index.ts', '--maximumMemory', '1'],
  'online-exact': [
    ...[online, '--use', 'WIDE=0', '--use', 'FMA=0', '--enable', 'simd', '--enable', 'threads'],
    ...['--importMemory', '--sharedMemory', '--maximumMemory', '65536'],
  ],
};
for (const [name, words] of Object.entries(single)) {
  const { error, stderr } = await asc.main([
    ...[...words, '-o', `dist/kernels/${name}.wasm`, '--runtime', 'stub', '--noAssert', '-O3'],
    ...[...(name === 'elementary' ? ['--shrinkLevel', '1'] : []), '--use', 'abort=', '--initialMemory', '1'],
  ]);
  if (error) {
    console.error(`${name}: ${stderr.toString()}`);
    process.exit(1);
  }
}
