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
import { notices } from './third-party.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const dist = join(root, 'dist');
const lib = join(root, 'lib');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
/** Every file of lib/ that imports is in a folder of lib/, so that addresses relative to a module can be kept. */
const chunks = 'chunks/[name]-[hash]';
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
/** The command line is loaded by `coordinator/entry.cjs`. */
const entries = [...new Set(['commands/main', ...byAddress])];

/**
 * Node's own modules are loaded when one of their names is first used: those that `load` and `predict` do not need take
 * as long to load as half of an empty process. Even `node:fs` does, whose import lists its names and thereby loads its
 * promises and streams.
 */
const builtinsWhenUsed: Plugin = {
  name: 'builtins-when-used',
  setup(bundler) {
    bundler.onResolve({ filter: /^node:/ }, ({ path, kind }) =>
      kind === 'import-statement' ? { path, namespace: 'builtin' } : { path, external: true },
    );
    bundler.onLoad({ filter: /.*/, namespace: 'builtin' }, async ({ path }) => {
      const words = importedFrom(path);
      const names = Object.keys(await import(path)).filter((name) => name !== 'default' && words.has(name));
      const getters = names.map((name) => `get ${name}() { return all().${name}; }`);
      return {
        contents: `let one; const all = () => (one ??= require('${path}')); module.exports = { ${getters} };`,
      };
    });
  },
};

/**
 * What is loaded with `import()` is one file, which shares one other with what is loaded at once. More files would cost
 * more than they save: half a millisecond each, as much as 15 KB of program that is read but not run.
 */
const restInOne: Plugin = {
  name: 'rest-in-one',
  setup(bundler) {
    bundler.onResolve({ filter: /^\./ }, ({ kind }) =>
      kind === 'dynamic-import' ? { path: 'rest', namespace: 'rest' } : undefined,
    );
    bundler.onLoad({ filter: /.*/, namespace: 'rest' }, () => ({
      contents: loadedLater()
        .map((file) => `export * from ${JSON.stringify(file)};`)
        .join('\n'),
      resolveDir: dist,
    }));
  },
};

/** The modules that the library's loads with `import()`, whose names must differ, because they become one's. */
function loadedLater(): string[] {
  const imported = ['./index.js'];
  const later = new Set<string>();
  const seen = new Set(imported);
  for (const file of imported) {
    const text = readFileSync(join(dist, file), 'utf8');
    for (const [, dynamic, name] of text.matchAll(/(?:\bfrom |^import |(\bimport\())'(\.[^']+)'/gm)) {
      const target = `./${posix.join(posix.dirname(file), name)}`;
      if (dynamic !== undefined) later.add(target);
      if (!seen.has(target)) imported.push(target);
      seen.add(target);
    }
  }
  const names = [...later].flatMap((file) => exportsOf(readFileSync(join(dist, file), 'utf8')));
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new Error(`two modules that are loaded with import() export ${twice}`);
  return [...later];
}

/** The names that tsc's output exports. */
const exportsOf = (text: string): string[] =>
  [
    ...text.matchAll(/^export (?:(?:async )?function\*?|const|let|class) (\w+)|^export \{([^}]*)\}/gm),
  ].flatMap(([, name, list]) => (name === undefined ? (list.match(/\w+(?=\s*(?:,|$))/g) ?? []) : [name]));

/** The names that our own modules import from one of Node's; all of their words, if one imports it as a whole. */
function importedFrom(builtin: string): ReadonlySet<string> {
  const texts = (readdirSync(dist, { recursive: true }) as string[])
    .filter((file) => file.endsWith('.js'))
    .map((file) => readFileSync(join(dist, file), 'utf8'));
  const words = texts.flatMap((text) => {
    const clause = new RegExp(`^import (.+) from '${builtin}';`, 'm').exec(text)?.[1];
    return (clause?.startsWith('{') ? clause : clause && text)?.match(/\w+/g) ?? [];
  });
  return new Set(words);
}

rmSync(lib, { recursive: true, force: true });
const settings = {
  outdir: lib,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  external: Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }),
  plugins: [
    ownModules({
      dist,
      address: 'import.meta.url',
      loadPathOf: "import { fileURLToPath as pathOf } from 'node:url';",
    }),
  ] as Plugin[],
  // Names are shortened: a sixth of lib/.
  minify: true,
  legalComments: 'none',
  metafile: true,
  write: false,
  absWorkingDir: root,
  logLevel: 'warning',
} satisfies BuildOptions;
const bundles = await Promise.all([
  build({
    ...settings,
    entryPoints: entries.map((name) => ({ in: join(dist, `${name}.js`), out: name })),
    chunkNames: chunks,
    splitting: true,
  }),
  // What a program imports is one file: each file more costs it half a millisecond.
  build({
    ...settings,
    plugins: [builtinsWhenUsed, restInOne, ...settings.plugins],
    splitting: true,
    chunkNames: 'library/[name]-[hash]',
    entryPoints: [{ in: join(dist, 'index.js'), out: 'library/index' }],
  }),
]);
const outputFiles = bundles.flatMap((bundle) => bundle.outputFiles);
const inputs = bundles.flatMap(({ metafile }) => Object.keys(metafile.inputs));
for (const { path, text } of outputFiles) {
  mkdirSync(dirname(path), { recursive: true });
  // CommonJS packages in a module: esbuild's stand-in for `require` uses one in scope.
  const requires = text.includes('typeof require')
    ? "import{createRequire}from'node:module';const require=createRequire(import.meta.url);\n"
    : '';
  writeFileSync(path, requires + text);
}
mkdirSync(join(lib, 'coordinator'), { recursive: true });
cpSync(join(dist, 'coordinator/entry.cjs'), join(lib, 'coordinator/entry.cjs'));
mkdirSync(join(lib, 'kernels'));
for (const name of readdirSync(join(dist, 'kernels')).filter((each) => each.endsWith('.wasm')))
  cpSync(join(dist, 'kernels', name), join(lib, 'kernels', name));
writeFileSync(join(lib, 'THIRD-PARTY.txt'), notices(root, inputs));
const { declarations, problems } = extractApi(root);
for (const problem of problems) console.warn(`public types: ${problem}`);
writeFileSync(join(lib, 'index.d.ts'), declarations);
