/** AssemblyScript compiled as scripts/build-kernels.mjs compiles the relaxed kernels, into results/, for measurements. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import asc from 'assemblyscript/asc';
import { root } from '../harness.ts';

const folder = 'results/compiled';

/** The path of a module with only these exports of these files. Paths are relative to the repository. */
export async function compileExports(name: string, exports: ReadonlyMap<string, string>): Promise<string> {
  const lines = [...exports].map(([kernel, file]) => `export { ${kernel} } from '../../${file}';\n`);
  mkdirSync(`${root}${folder}`, { recursive: true });
  const [source, target] = [`${folder}/${name}.ts`, `${folder}/${name}.wasm`];
  writeFileSync(`${root}${source}`, lines.join(''));
  const { error, stderr } = await asc.main([
    source,
    ...['-o', target, '--baseDir', root],
    ...['--runtime', 'stub', '--noAssert', '-O3', '--use', 'abort=', '--use', 'FMA=1'],
    ...['--enable', 'simd', '--enable', 'threads', '--enable', 'relaxed-simd'],
    ...['--importMemory', '--sharedMemory', '--initialMemory', '1', '--maximumMemory', '65536'],
  ]);
  if (error !== null) throw new Error(`${name}: ${stderr.toString()}`);
  return `${root}${target}`;
}

/** The same module, linked to a memory. */
export async function linkExports<Exports>(
  name: string,
  exports: ReadonlyMap<string, string>,
  memory: WebAssembly.Memory,
): Promise<Exports> {
  const bytes = new Uint8Array(readFileSync(await compileExports(name, exports)));
  return new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } }).exports as Exports;
}
