/** The packed package, as a stranger installs and uses it: it runs, and programs import it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { cli, expectCode, readJson, type TrainingResult } from './support/cli.ts';
import {
  filesBelow,
  installInto,
  link,
  manifest,
  type Project,
  packInto,
  root,
} from './support/installed.ts';
import { nodes } from './support/nodes.ts';
import { toyRun, writeToyRecipe, writeToySet } from './support/toy-set.ts';

const mnist = { SHARDSTEP_DATA: join(root, 'data/mnist') };

let outside = '';
let project: Project;
/** Installed with `--omit=optional`. */
let lean: Project;
let program = '';

before(async () => {
  outside = await mkdtemp(join(tmpdir(), 'shardstep package '));
  const tarball = packInto(outside);
  project = installInto(join(outside, 'a project'), tarball);
  lean = installInto(join(outside, 'lean'), tarball, '--omit=optional');
  program = join(project.installed, manifest.bin.shardstep);
});
after(() => rm(outside, { recursive: true, force: true }));

/** A folder in which nothing is installed. */
function elsewhere(name: string): string {
  const folder = join(outside, name);
  mkdirSync(folder);
  return folder;
}

test('it can be imported, and required, on each Node here', () => {
  writeFileSync(
    join(project.folder, 'a.mjs'),
    "import { version } from 'shardstep'; console.log(version);\n",
  );
  const required = "const { Model, UserError, version } = require('shardstep');\n";
  const named = "if (Model.name + UserError.name === 'ModelUserError') console.log(version);\n";
  writeFileSync(join(project.folder, 'b.cjs'), required + named);
  for (const node of nodes())
    for (const file of ['a.mjs', 'b.cjs']) {
      const run = spawnSync(node, [join(project.folder, file)], { cwd: tmpdir(), encoding: 'utf8' });
      assert.equal(run.stdout.trim(), manifest.version, `${node} ${file}: ${run.stderr}`);
      assert.equal(run.stderr, '', `${node} ${file}`);
    }
});

test('a program trains, saves, loads and predicts with it, on each Node here', () => {
  const program = `
    import { load, train } from 'shardstep';
    const inputs = Array.from({ length: 200 }, (_, i) => [i % 2 === 0 ? 200 : 20, 30, 40, 50]);
    const targets = inputs.map((_, i) => (i % 2 === 0 ? 'bright' : 'dark'));
    const run = train({ inputs, targets }, { recipe: { 'train.epochs': 5, 'train.batch': 8 }, threads: 2 });
    let epochs = 0;
    for await (const { epoch } of run) epochs = epoch;
    await (await run).save('model.safetensors');
    const model = await load('model.safetensors');
    console.log(epochs, model.predict([200, 30, 40, 50]).label, model.predict([20, 30, 40, 50]).label);
  `;
  writeFileSync(join(project.folder, 'use.mjs'), program);
  for (const node of nodes()) {
    const cwd = elsewhere(`uses ${nodes().indexOf(node)}`);
    const run = spawnSync(node, [join(project.folder, 'use.mjs')], { cwd, encoding: 'utf8' });
    assert.equal(run.stdout, '5 bright dark\n', `${node}: ${run.stderr}`);
    assert.equal(run.stderr, '', node);
    assert.deepEqual(readdirSync(cwd), ['model.safetensors']);
  }
});

test('shardstep/brain trains small and wide networks, on each Node here, also with require', () => {
  const program = `
    const wide = new NeuralNetwork({ hiddenLayers: [60], seed: 1 });
    const inputs = Array.from({ length: 40 }, (_, i) => Array.from({ length: 40 }, (_, k) => Number(i === k)));
    const { error } = wide.train(inputs.map((input, i) => ({ input, output: [i % 2] })), { iterations: 3000 });
    const xor = new NeuralNetwork({ hiddenLayers: [3], seed: 4 });
    xor.train([[0, 0], [0, 1], [1, 0], [1, 1]].map(([a, b]) => ({ input: [a, b], output: [a ^ b] })));
    console.log(error <= 0.005, Math.round(xor.run([0, 1])[0]), Math.round(xor.toFunction()([1, 1])[0]));
  `;
  writeFileSync(join(project.folder, 'c.mjs'), `import { NeuralNetwork } from 'shardstep/brain';${program}`);
  writeFileSync(
    join(project.folder, 'd.cjs'),
    `const { NeuralNetwork } = require('shardstep/brain');${program}`,
  );
  for (const node of nodes())
    for (const file of ['c.mjs', 'd.cjs']) {
      const run = spawnSync(node, [join(project.folder, file)], { cwd: tmpdir(), encoding: 'utf8' });
      assert.equal(run.stdout, 'true 1 0\n', `${node} ${file}: ${run.stderr}`);
      assert.equal(run.stderr, '', `${node} ${file}`);
    }
});

test('it races on each Node here', () => {
  const cwd = elsewhere('nodes');
  for (const [i, node] of nodes().entries()) {
    const words = [program, 'race', '--seeds', '1', '--quiet', '--out', `run-${i}`];
    const run = spawnSync(node, words, { cwd, env: { ...process.env, ...mnist }, encoding: 'utf8' });
    assert.equal(run.status, 0, `${node}: ${run.stderr}`);
    assert.match(run.stdout, /^mnist-97: 97\.77 % /, node);
  }
});

test('npx finds its program, on each Node here', (t) => {
  assert.ok(readFileSync(program, 'utf8').startsWith('#!/usr/bin/env node\n'));
  if (!project.complete) return t.skip('the registry is out of reach');
  for (const node of nodes()) {
    const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH}` };
    const options = {
      cwd: project.folder,
      env,
      encoding: 'utf8',
      shell: process.platform === 'win32',
    } as const;
    const npx = (word: string) => spawnSync('npx', ['--no', '--', 'shardstep', word], options);
    const help = npx('--help');
    assert.match(help.stdout, /^Usage: shardstep /, `${node}: ${help.stderr}`);
    for (const name of ['train', 'predict', 'check-log'])
      assert.match(help.stdout, new RegExp(`^  ${name} `, 'm'));
    assert.equal(npx('--version').stdout.trim(), manifest.version, node);
  }
});

for (const omits of [false, true])
  test(`it races, and trains on data of the project${omits ? ', without optional packages' : ''}`, async () => {
    const { installed, folder, complete } = omits ? lean : project;
    if (omits && complete)
      assert.deepEqual(
        filesBelow(join(folder, 'node_modules')).filter((file) => /\.node$|binding\.gyp$/.test(file)),
        [],
        'native code',
      );
    const cwd = elsewhere(`runs ${omits}`);
    const own = { cwd, program: join(installed, manifest.bin.shardstep) };
    const words = ['race', '--seeds', '1', '--quiet', '--out', 'race'];
    const race = await expectCode(0, words, { ...own, environment: mnist });
    assert.match(race.stdout, /97/);
    writeToyRecipe(cwd);
    writeToySet(cwd, 'toy');
    await expectCode(0, ['train', ...toyRun('toy')], own);
    assert.ok(((await readJson<TrainingResult>(cwd, 'run-toy', 'result.json')).accuracy ?? 0) > 0.9);
  });

test('workers, the profiler and the evaluation find their modules', async () => {
  const cwd = elsewhere('threads');
  const own = { cwd, program, environment: mnist };
  const profile = [
    'profile',
    '--config',
    'fastmlp',
    'parallel.threads=2',
    'train.epochs=1',
    '--out',
    'run',
    '--quiet',
  ];
  const { stderr } = await expectCode(0, [...profile, 'stop.target=null'], own);
  assert.match(
    stderr,
    /^warning: roofline\.svg needs @observablehq\/plot and linkedom: npm i .*\[charts-omitted\]$/m,
  );
  assert.ok(existsSync(join(cwd, 'run/profile.json')) && !existsSync(join(cwd, 'run/roofline.svg')));
  await expectCode(0, ['eval', 'run', '--quiet'], own);
});

test('without the packages of charts and of hardware facts, one line names them', async () => {
  const cwd = elsewhere('optional');
  const report = await cli(['report', '.'], { cwd, program });
  assert.equal(report.code, 1);
  assert.equal(
    report.stderr,
    'error: report: needs @observablehq/plot and linkedom: npm i @observablehq/plot linkedom\n',
  );
  const card = await expectCode(0, ['hardware'], { cwd, program });
  assert.match(card.stdout, /^note .*npm i systeminformation$/m);
});

test('with the packages of charts beside it, it draws', async () => {
  const cwd = elsewhere('charts');
  link(lean.folder, Object.keys(manifest.peerDependencies));
  const own = { cwd, program: join(lean.installed, manifest.bin.shardstep) };
  writeToyRecipe(cwd);
  writeToySet(cwd, 'toy');
  await expectCode(0, ['train', ...toyRun('toy')], own);
  await expectCode(0, ['report', 'run-toy', '--out', 'report', '--quiet'], own);
  assert.match(readFileSync(join(cwd, 'report/report.html'), 'utf8'), /<svg/);
  assert.doesNotMatch((await expectCode(0, ['hardware'], own)).stdout, /^note/m);
});

/** Options of a strict consumer; `skipLibCheck` is off, so the types of the package are checked too. */
const consumers = [
  { module: 'node16', files: ['use.mts'] },
  { module: 'nodenext', files: ['use.mts', 'use.cts'] },
  { module: 'esnext', moduleResolution: 'bundler', files: ['use.ts'] },
];
for (const { files, ...options } of consumers)
  test(`a strict TypeScript program compiles against it: ${Object.values(options).join(', ')}`, () => {
    const text =
      "import { load, type Epoch, type Model, train, UserError, version } from 'shardstep';\n" +
      "import { likely, NeuralNetwork } from 'shardstep/brain';\n" +
      'const net = new NeuralNetwork<number[], { yes: number }>({ hiddenLayers: [3] });\n' +
      'export const { error }: { error: number } = net.train([{ input: [1], output: { yes: 1 } }]);\n' +
      'export const yes: number = net.run([1]).yes;\n' +
      'export const name: string | null = likely([1], net);\n' +
      '// @ts-expect-error: no such output\n' +
      'export const no: number = net.run([1]).no;\n' +
      'export const given: string = version;\n' +
      'export async function use(signal: AbortSignal): Promise<Epoch[]> {\n' +
      "  const run = train({ set: 'mnist' }, { recipe: 'mnist-97', signal, threads: 'physical' });\n" +
      '  const epochs: Epoch[] = [];\n' +
      '  for await (const epoch of run) epochs.push(epoch);\n' +
      '  const model: Model = await run;\n' +
      "  await model.save('digits.safetensors');\n" +
      "  const same = await load('digits.safetensors');\n" +
      '  const { label, probabilities } = same.predict(new Uint8Array(784));\n' +
      '  const logits: Float32Array = await same.predictMany([new Uint8Array(784)], { logits: true });\n' +
      '  console.log(label, probabilities[0], logits.length, run.warnings[0]?.code);\n' +
      '  return epochs;\n' +
      '}\n' +
      '// @ts-expect-error: not what it returns\n' +
      "export const wrong: string = load('digits.safetensors');\n" +
      'export const code = (error: unknown): number => (error instanceof UserError ? error.exitCode : 0);\n';
    for (const file of files) writeFileSync(join(project.folder, file), text);
    const compilerOptions = { ...options, target: 'es2022', strict: true, noEmit: true, types: [] };
    const settings = join(project.folder, `tsconfig.${options.module}.json`);
    writeFileSync(settings, JSON.stringify({ compilerOptions, files }));
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', settings], { encoding: 'utf8' });
    assert.equal(status, 0, stdout);
  });
