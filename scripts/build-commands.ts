/**
 * Bundles what `train` loads, packages included, into three CommonJS files beside the entry of the command line: the
 * commands, the worker of the pool and its task. One file each instead of some hundred, and V8's code of them is cached
 * in `dist/coordinator/code`, which a short training fills here.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild-wasm';
import { ownModules } from './own-modules.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const dist = join(root, 'dist');
const folder = join(dist, 'coordinator');
const optional = Object.keys(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).peerDependencies);

/** Piscina starts its worker by the path of a file beside it. */
const poolWorkerBeside: Plugin = {
  name: 'pool-worker-beside',
  setup(bundler) {
    bundler.onLoad({ filter: /piscina[\\/]dist[\\/]index\.js$/ }, ({ path }) => ({
      contents: replaced(readFileSync(path, 'utf8'), "'worker.js'", "'pool-worker.cjs'"),
    }));
    bundler.onLoad({ filter: /dist[\\/]worker[\\/]pool\.js$/ }, ({ path }) => ({
      contents: replaced(
        readFileSync(path, 'utf8'),
        "new URL('./entry.cjs', import.meta.url)",
        "new URL('rank.cjs', require('node:url').pathToFileURL(__filename))",
      ),
    }));
  },
};

function replaced(text: string, from: string, to: string): string {
  if (!text.includes(from)) throw new Error(`expected ${from} in a module to bundle`);
  return text.replace(from, to);
}

await build({
  entryPoints: [
    { in: join(dist, 'commands/main.js'), out: 'commands' },
    { in: join(dist, 'worker/index.js'), out: 'rank' },
    { in: join(root, 'node_modules/piscina/dist/worker.js'), out: 'pool-worker' },
  ],
  outdir: folder,
  outExtension: { '.js': '.cjs' },
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  // Optional packages, the last one of Piscina.
  external: [...optional, '@napi-rs/nice'],
  plugins: [
    poolWorkerBeside,
    ownModules({
      dist,
      address: "require('node:url').pathToFileURL(__filename)",
      loadPathOf: "const { fileURLToPath: pathOf } = require('node:url');",
    }),
  ],
  legalComments: 'none',
  // Names stay: errors and stacks show them. With --debug the modules themselves run, whose lines they show.
  minifyWhitespace: true,
  logLevel: 'warning',
});

// Code of another build is useless.
rmSync(join(folder, 'code'), { recursive: true, force: true });
const out = mkdtempSync(join(tmpdir(), 'shardstep-build-'));
const words = ['--config', 'peers-sprint', 'train.steps=2', '--out', out, '--overwrite', '--quiet'];
spawnSync(process.execPath, [folder, 'train', ...words], { cwd: root, stdio: 'ignore' });
rmSync(out, { recursive: true, force: true });
