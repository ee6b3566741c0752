/**
 * Makes `lib/`, the program as it is published: dist/ in few files, with the packages that it uses bundled into them.
 * Only what `dependencies` and `peerDependencies` name stays outside. `dist/` is for the checkout, its tests and
 * benchmarks; both run the same modules. Modules that load each other when needed (`import()`, workers) still do.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Plugin } from 'esbuild-wasm';
import { extractApi } from './api/extract.ts';
import { ownModules } from './own-modules.ts';
import { type Arrangement, arrange, smallShared } from './package/arrange.ts';
import { builtinsWhenUsed } from './package/builtins-when-used.ts';
import { groupOf } from './package/groups.ts';
import { filesLoadedWhenUsed, loadedWhenUsed } from './package/loaded-when-used.ts';
import { notices } from './package/third-party.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const dist = join(root, 'dist');
const lib = join(root, 'lib');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
/** Compiled modules of ours that mention their own address. */
const addressed = (readdirSync(dist, { recursive: true }) as string[])
  .filter((file) => file.endsWith('.js'))
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => readFileSync(join(dist, file), 'utf8').includes('import.meta.url'));
/** Modules that others load by address: workers, and the modules that workers load. */
const byAddress = addressed.flatMap((file) => {
  const imports = /(?:from|import|import\()\s*'[^']+'/g;
  const text = readFileSync(join(dist, file), 'utf8').replace(imports, '');
  return [...text.matchAll(/'(\.\.?\/[\w./-]+)\.js'/g)].map(([, name]) =>
    posix.join(posix.dirname(file), name),
  );
});
/** CommonJS files that are published as they are, and load the command line and the workers' task. */
const loaders = ['coordinator/entry.cjs', 'worker/entry.cjs'];
const entries = [...new Set(['commands/main', 'worker/index', ...byAddress])];

/** Files of the bundler below so many bytes become one that all programs load. */
const smallBytes = 5000;

rmSync(lib, { recursive: true, force: true });
const settings = {
  outdir: lib,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  external: Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }),
  // Names are shortened: a sixth of lib/.
  minify: true,
  legalComments: 'none',
  metafile: true,
  splitting: true,
  write: false,
  absWorkingDir: root,
  logLevel: 'warning',
} satisfies BuildOptions;

function plugins(arrangement: Arrangement): Plugin[] {
  const { plugin, edit } = arrange(arrangement);
  const loadPathOf = "import { fileURLToPath as pathOf } from 'node:url';";
  return [plugin, ownModules({ dist, address: 'import.meta.url', loadPathOf, edit })];
}

const commandLine = (everywhere: readonly string[]) =>
  build({
    ...settings,
    plugins: [
      loadedWhenUsed(dist, ['formats/onnx/write.js']),
      ...plugins({ dist, entries: entries.map((name) => `${name}.js`), groupOf, everywhere }),
    ],
    entryPoints: entries.map((name) => ({ in: join(dist, `${name}.js`), out: name })),
    // Every file of lib/ that imports is in a folder of lib/, so that addresses relative to a module can be kept.
    chunkNames: 'chunks/[name]-[hash]',
  });
const small = smallShared((await commandLine([])).metafile, smallBytes);
const bundles = await Promise.all([
  commandLine(small),
  // What a program imports is one file, what that loads with `import()` another; they share a third. So do `shardstep` and
  // `shardstep/brain`.
  build({
    ...settings,
    plugins: [
      builtinsWhenUsed(dist),
      loadedWhenUsed(dist, ['formats/onnx/write.js', 'formats/runtime/predict.js']),
      ...plugins({ dist, entries: ['index.js', 'brain/index.js'], groupOf: () => 'rest', everywhere: [] }),
    ],
    chunkNames: 'library/[name]-[hash]',
    entryPoints: [
      { in: join(dist, 'index.js'), out: 'library/index' },
      { in: join(dist, 'brain/index.js'), out: 'library/brain' },
    ],
  }),
  ...(await filesLoadedWhenUsed(dist, settings)),
]);
const outputFiles = bundles.flatMap((bundle) => bundle.outputFiles);
// The kernels contain parts of AssemblyScript's library.
const inputs = [
  'node_modules/assemblyscript',
  ...bundles.flatMap(({ metafile }) => Object.keys(metafile.inputs)),
];
for (const { path, text } of outputFiles) {
  mkdirSync(dirname(path), { recursive: true });
  // CommonJS packages in a module: esbuild's stand-in for `require` uses one in scope.
  const requires =
    path.endsWith('.js') && text.includes('typeof require')
      ? "import{createRequire}from'node:module';const require=createRequire(import.meta.url);\n"
      : '';
  writeFileSync(path, requires + text);
}
for (const file of loaders) cpSync(join(dist, file), join(lib, file));
mkdirSync(join(lib, 'kernels'));
for (const name of readdirSync(join(dist, 'kernels')).filter((each) => each.endsWith('.wasm')))
  cpSync(join(dist, 'kernels', name), join(lib, 'kernels', name));
writeFileSync(join(lib, 'THIRD-PARTY.txt'), notices(root, inputs));
for (const [entry, file] of [
  ['index', 'index.d.ts'],
  ['brain/index', 'brain.d.ts'],
]) {
  const { declarations, problems } = extractApi(root, entry);
  for (const problem of problems) console.warn(`public types of ${entry}: ${problem}`);
  writeFileSync(join(lib, file), declarations);
}
