// Compiles the AssemblyScript kernels twice: with relaxed (fused) multiply-add, and with plain SIMD for
// runtimes without it. `--text` also writes the .wat beside each, to see what was emitted.
import { mkdirSync } from 'node:fs';
import asc from 'assemblyscript/asc';

mkdirSync('dist/kernels', { recursive: true });
for (const [name, fma] of [
  ['relaxed', 1],
  ['simd', 0],
]) {
  const { error, stderr } = await asc.main([
    'src/kernels/assembly/index.ts',
    ...['-o', `dist/kernels/${name}.wasm`],
    ...(process.argv.includes('--text') ? ['-t', `dist/kernels/${name}.wat`] : []),
    ...['--runtime', 'stub', '--noAssert', '-O3', '--use', 'abort=', '--use', `FMA=${fma}`],
    ...['--enable', 'simd', '--enable', 'threads', ...(fma ? ['--enable', 'relaxed-simd'] : [])],
    ...['--importMemory', '--sharedMemory', '--initialMemory', '1', '--maximumMemory', '65536'],
  ]);
  if (error) {
    console.error(stderr.toString());
    process.exit(1);
  }
}
