/**
 * Bundles the entry of the command line with the race and the recipe of configs/mnist-97.yaml into one CommonJS file
 * that imports no package: an ES module would start 2 ms later. Then caches the machine code of the race's kernels.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild-wasm';
import { resolveConfig } from '../dist/config/load.js';
import { moduleFile } from '../dist/fast-start/module.js';
import { raceRecipe } from '../dist/fast-start/recipe.js';

const root = fileURLToPath(new URL('../', import.meta.url));
const folder = `${root}dist/coordinator`;
const kernels = `${root}dist/kernels`;

const { config, name } = await resolveConfig({
  file: 'mnist-97',
  overrides: [],
  environment: {},
  directory: root,
});
const recipe = raceRecipe(name, config);
if (!existsSync(moduleFile(recipe.shape.grid, 'simd')))
  throw new Error(`scripts/build-kernels.mjs makes no module of the race for grid ${recipe.shape.grid}`);
await build({
  entryPoints: [`${root}dist/commands/entry.js`],
  outfile: `${folder}/entry.cjs`,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  // The package's bin: npx shardstep.
  banner: { js: '#!/usr/bin/env node' },
  target: 'node20',
  plugins: [
    {
      name: 'commands-stay-outside',
      setup(bundler) {
        bundler.onResolve({ filter: /^\.\/main\.js$/ }, () => ({
          path: '../commands/main.js',
          external: true,
        }));
      },
    },
  ],
  define: { RACE_RECIPE: JSON.stringify(recipe), 'import.meta.dirname': '__dirname' },
  logLevel: 'warning',
});
writeFileSync(
  `${folder}/package.json`,
  `${JSON.stringify({ type: 'module', main: 'entry.cjs' }, null, 2)}\n`,
);

// Machine code of another build or another runtime is useless.
const kept = () => readdirSync(kernels).filter((file) => file.endsWith('.code'));
for (const file of kept()) rmSync(`${kernels}/${file}`);
const keepCode = (...words: string[]) =>
  spawnSync(process.execPath, [`${root}scripts/keep-code.ts`, `${recipe.shape.grid}`, ...words], {
    stdio: 'ignore',
  }).status === 0;
if (!keepCode() || !keepCode('--try')) {
  for (const file of kept()) rmSync(`${kernels}/${file}`);
  console.log("the machine code of the race's kernels cannot be cached on this runtime: races compile them");
}
