/**
 * Code that both bundles have and that programs seldom use: a CommonJS file each, once in the package. The first call of
 * one of its functions loads it, at once, because the functions of the API that need it are synchronous.
 */
import { join, relative } from 'node:path';
import { type BuildOptions, build, type Plugin } from 'esbuild-wasm';

/** Every file of lib/ that imports is in a folder of lib/. */
const placeOf = (file: string) => `../library/${file}.cjs`;

/** Functions of our own modules, by the module that exports them. */
type Functions = Readonly<Record<string, readonly string[]>>;

/** Of all that they import, errors alone have an identity: the file is given those of the program that loads it. */
const errors = 'user-error.js';
const given = './errors';

const exporters: Functions = {
  'formats/onnx/write.js': ['toOnnx'],
  'formats/runtime/predict.js': ['toFunction'],
};

const csv = { name: 'papaparse', functions: ['parse', 'unparse'] };

type Settings = BuildOptions & { readonly write: false; readonly metafile: true };

/** The files, to be written with the bundles'. */
export async function filesLoadedWhenUsed(dist: string, settings: Settings) {
  const common = { ...settings, splitting: false, format: 'cjs', outExtension: { '.js': '.cjs' } } as const;
  const lines = Object.entries(exporters).map(
    ([module, names]) => `export { ${names.join(', ')} } from './${module}';`,
  );
  const errorsFromOutside: Plugin = {
    name: 'errors-from-outside',
    setup(bundler) {
      bundler.onResolve({ filter: /user-error\.js$/ }, () => ({ path: given, external: true }));
    },
  };
  const files = [
    build({
      ...common,
      entryPoints: [{ in: 'exporters', out: 'library/exporters' }],
      plugins: [entryOf('exporters', lines.join('\n'), dist), errorsFromOutside],
      banner: { js: '"use strict";module.exports=require=>{const module={exports:{}};' },
      footer: { js: 'return module.exports};' },
    }),
    build({
      ...common,
      entryPoints: [{ in: csv.name, out: `library/${csv.name}` }],
      // No package of that name is meant.
      alias: { stream: 'node:stream' },
    }),
  ];
  return Promise.all(files);
}

const entryOf = (name: string, contents: string, resolveDir: string): Plugin => ({
  name: 'entry',
  setup(bundler) {
    bundler.onResolve({ filter: new RegExp(`^${name}$`) }, ({ path }) => ({ path, namespace: 'entry' }));
    bundler.onLoad({ filter: /.*/, namespace: 'entry' }, () => ({ contents, resolveDir }));
  },
});

/** For the bundles; `modules`: those of which a bundle uses no other functions. */
export const loadedWhenUsed = (dist: string, modules: readonly (keyof typeof exporters)[]): Plugin => ({
  name: 'loaded-when-used',
  setup(bundler) {
    bundler.onResolve({ filter: /^\.\.\/library\/\w+\.cjs$/ }, ({ path }) => ({ path, external: true }));
    bundler.onResolve({ filter: new RegExp(`^${csv.name}$`) }, ({ path }) => ({
      ...{ path, namespace: 'when-used' },
    }));
    bundler.onResolve({ filter: /^\./ }, ({ path, resolveDir }) => {
      const module = relative(dist, join(resolveDir, path)).replaceAll('\\', '/');
      return modules.includes(module) ? { path: module, namespace: 'when-used' } : undefined;
    });
    bundler.onLoad({ filter: /.*/, namespace: 'when-used' }, ({ path }) => ({
      contents: path === csv.name ? csvWhenUsed : exportersWhenUsed(exporters[path]),
      resolveDir: dist,
    }));
  },
});

const exportersWhenUsed = (names: readonly string[]) =>
  [
    `import * as errors from './${errors}';`,
    `let one; const all = () => (one ??= require('${placeOf('exporters')}')(() => errors));`,
    ...names.map((name) => `export const ${name} = (...given) => all().${name}(...given);`),
  ].join('\n');

const csvWhenUsed = `const all = () => require('${placeOf(csv.name)}');
module.exports = { ${csv.functions.map((name) => `get ${name}() { return all().${name}; }`).join(', ')} };`;
