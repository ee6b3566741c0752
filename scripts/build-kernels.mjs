// Compiles the AssemblyScript kernels, each module twice: with relaxed (fused) multiply-add, and with plain SIMD for
// runtimes without it. The engine is written by hand; the modules of direction features are emitted for each grid.
// `--text` also writes the .wat beside each, for inspection.
import { mkdirSync, writeFileSync } from 'node:fs';
import asc from 'assemblyscript/asc';
import { inferenceKernels } from '../src/kernels/kernels.ts';
import { directionsSource } from './kernels/directions.ts';
import { linearSource } from './kernels/linear/source.ts';

const grids = [12, 16, 20];
/**
 * The race has a separate module with only the exports that it calls, PLAIN: sums of two rows, central differences, 4 ×
 * 4 pooling cells, no products. It is faster to read and to compile.
 */
const raceGrid = 12;
const raceExports =
  'scratchBytes, initialise, extract, blockStatistics, combineStatistics, train, foldWeights, evaluate';
const generated = 'dist/kernels/generated';
mkdirSync(generated, { recursive: true });

/** Prefix of the module's name → its source, and whether it is plain. */
const modules = new Map([
  ['', { file: 'src/kernels/assembly/index.ts', plain: 0 }],
  ['int8.', { file: 'src/kernels/assembly/int8/index.ts', plain: 0 }],
]);
for (const grid of grids) {
  const file = `${generated}/directions-${grid}.ts`;
  const imports = "import { exp4, madd, sumLanes } from '../../../src/kernels/assembly/simd';\n";
  writeFileSync(file, imports + directionsSource(grid) + linearSource());
  modules.set(`directions-${grid}.`, { file, plain: 0 });
}

const race = `${generated}/race-${raceGrid}.ts`;
writeFileSync(race, `export { ${raceExports} } from './directions-${raceGrid}';\n`);
modules.set(`race-${raceGrid}.`, { file: race, plain: 1 });

/** The same code as in the engine, without what only a training calls: a loaded model compiles a third as much. */
const inference = `${generated}/inference.ts`;
writeFileSync(
  inference,
  `export { ${inferenceKernels.join(', ')} } from '../../../src/kernels/assembly/index';\n`,
);
modules.set('inference.', { file: inference, plain: 0 });

for (const [prefix, { file, plain }] of modules) {
  for (const [name, fma] of Object.entries({ relaxed: 1, simd: 0 })) {
    const { error, stderr } = await asc.main([
      file,
      ...['-o', `dist/kernels/${prefix}${name}.wasm`],
      ...(process.argv.includes('--text') ? ['-t', `dist/kernels/${prefix}${name}.wat`] : []),
      ...['--runtime', 'stub', '--noAssert', '-O3', '--use', 'abort='],
      ...['--use', `FMA=${fma}`, '--use', `PLAIN=${plain}`],
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
