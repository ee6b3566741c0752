/**
 * Node's own modules are loaded when one of their names is first used: those that `load` and `predict` do not need take
 * as long to load as half of an empty process. Even `node:fs` does, whose import lists its names and thereby loads its
 * promises and streams.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'esbuild-wasm';

/** `dist`: the folder with the compiled modules. */
export const builtinsWhenUsed = (dist: string): Plugin => ({
  name: 'builtins-when-used',
  setup(bundler) {
    bundler.onResolve({ filter: /^node:/ }, ({ path, kind }) =>
      kind === 'import-statement' ? { path, namespace: 'builtin' } : { path, external: true },
    );
    bundler.onLoad({ filter: /.*/, namespace: 'builtin' }, async ({ path }) => {
      const words = importedFrom(path, dist);
      const names = Object.keys(await import(path)).filter((name) => name !== 'default' && words.has(name));
      const getters = names.map((name) => `get ${name}() { return all().${name}; }`);
      return {
        contents: `let one; const all = () => (one ??= require('${path}')); module.exports = { ${getters} };`,
      };
    });
  },
});

/** The names that our own modules import from one of Node's; all of their words, if one imports it as a whole. */
function importedFrom(builtin: string, dist: string): ReadonlySet<string> {
  const texts = (readdirSync(dist, { recursive: true }) as string[])
    .filter((file) => file.endsWith('.js'))
    .map((file) => readFileSync(join(dist, file), 'utf8'));
  const words = texts.flatMap((text) => {
    const clause = new RegExp(`^import (.+) from '${builtin}';`, 'm').exec(text)?.[1];
    return (clause?.startsWith('{') ? clause : clause && text)?.match(/\w+/g) ?? [];
  });
  return new Set(words);
}
