/** The race runs before anything is verified: damage is found out afterwards at the latest, and told loudly. */
import assert from 'node:assert/strict';
import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { cli, readJson, workingDirectory } from './support/cli.ts';
import { names } from './support/data-files.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const vendored = `${root}data/mnist`;
const brief = ['race', '--seeds', '1', '--out', 'run'];

/** A race on a copy of MNIST's files in which some are changed or, by null, missing. */
async function raceOn(
  t: TestContext,
  changes: Readonly<Record<string, ((archive: Buffer) => Buffer) | null>>,
) {
  const cwd = await workingDirectory(t);
  await mkdir(join(cwd, 'mnist'));
  for (const name of Object.values(names)) {
    const change = changes[name];
    if (change === null) continue;
    const archive = await readFile(`${vendored}/${name}.gz`);
    await writeFile(join(cwd, 'mnist', `${name}.gz`), change === undefined ? archive : change(archive));
  }
  return { cwd, ...(await cli(brief, { cwd, environment: { SHARDSTEP_DATA: 'mnist' } })) };
}

const broken = (at: number) => (archive: Buffer) => {
  const copy = Buffer.from(archive);
  copy.fill(0xff, at, at + 64);
  return copy;
};
const oneLabelOff = (archive: Buffer) => {
  const labels = gunzipSync(archive);
  labels[8] = (labels[8] + 1) % 10;
  return gzipSync(labels);
};

test('broken gzip among the test images: no line, the file is named, exit 1', async (t) => {
  const { code, stdout, stderr, cwd } = await raceOn(t, { [names.testImages]: broken(500_000) });
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(
    stderr,
    /^error: [^\n]*t10k-images-idx3-ubyte\.gz: [^\n]*(gzip|inflates to more than)[^\n]*\n$/,
  );
  assert.ok(!(await readdir(cwd)).includes('run'));
});

test('damage beyond the leading training images is found after the line, exit 1', async (t) => {
  const { code, stdout, stderr, cwd } = await raceOn(t, { [names.trainImages]: broken(5_000_000) });
  assert.equal(code, 1);
  assert.match(stdout, /^mnist-97: 97/);
  assert.match(stderr, /error: [^\n]*train-images-idx3-ubyte\.gz[^\n]*\n$/);
  assert.ok(!(await readdir(cwd)).includes('run'));
});

test('another label than the published one fails the checksum after the line, exit 1', async (t) => {
  for (const name of [names.testLabels, names.trainLabels]) {
    const { code, stdout, stderr } = await raceOn(t, { [name]: oneLabelOff });
    assert.equal(code, 1);
    assert.match(stdout, /^mnist-97: 97/);
    assert.match(stderr, new RegExp(`error: [^\\n]*${name}[^\\n]*SHA-256[^\\n]*\\n$`));
  }
});

test('a missing file: no line, it is named, exit 1', async (t) => {
  const { code, stdout, stderr } = await raceOn(t, { [names.trainLabels]: null });
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, /^error: [^\n]*missing[^\n]*train-labels-idx1-ubyte[^\n]*\n$/);
});

test('files that are there uncompressed are trained on without a race, and that is told', async (t) => {
  const cwd = await workingDirectory(t);
  await mkdir(join(cwd, 'mnist'));
  for (const name of Object.values(names))
    await writeFile(join(cwd, 'mnist', name), gunzipSync(await readFile(`${vendored}/${name}.gz`)));
  const { code, stderr } = await cli(brief, { cwd, environment: { SHARDSTEP_DATA: 'mnist' } });
  assert.equal(code, 0, stderr);
  assert.match(stderr, /^[^\n]*cold[^\n]*ENOENT[^\n]*\n/);
  assert.equal((await readJson<{ race: unknown }>(cwd, 'run', 'result.json')).race, null);
});

/** A copy of the built program, with its recipe and what was built of it open to changes. */
async function copyOfProgram(t: TestContext) {
  const folder = await workingDirectory(t);
  for (const part of ['dist', 'configs', 'package.json'])
    await cp(`${root}${part}`, join(folder, part), { recursive: true });
  for (const part of ['data', 'node_modules']) await symlink(`${root}${part}`, join(folder, part));
  const edit = async (file: string, change: (text: string) => string) => {
    const text = await readFile(join(folder, file), 'utf8');
    const changed = change(text);
    assert.notEqual(changed, text);
    await writeFile(join(folder, file), changed);
  };
  const program = join(folder, 'dist', 'coordinator');
  return { folder, edit, race: () => cli(brief, { cwd: folder, program }) };
}

test('a recipe that has changed since the build is refused after the line, exit 2', async (t) => {
  const { edit, race } = await copyOfProgram(t);
  await edit('configs/mnist-97.yaml', (text) => text.replace('take: 2000', 'take: 1600'));
  const { code, stdout, stderr } = await race();
  assert.equal(code, 2);
  assert.match(stdout, /^mnist-97: 97/);
  assert.match(stderr, /^error: [^\n]*has changed[^\n]*npm run build\n$/);
});

test('a target that is missed: the line says so, exit 3', async (t) => {
  const { folder, edit, race } = await copyOfProgram(t);
  await edit('configs/mnist-97.yaml', (text) => text.replace('target: 0.97', 'target: 0.995'));
  await edit('dist/coordinator/entry.cjs', (text) => text.replace(/\btarget: 0\.97\b/, 'target: 0.995'));
  const { code, stdout } = await race();
  assert.equal(code, 3);
  assert.match(stdout, /^mnist-97: 97[^\n]*\(target 99\.5 % missed\)\n/);
  assert.match(stdout, /missed its target/);
  const result = await readJson<{ status: string }>(folder, 'run', 'result.json');
  assert.equal(result.status, 'missed');
});

test('kept code that is damaged is not run: the kernels are compiled', async (t) => {
  const { folder, race } = await copyOfProgram(t);
  const kernels = join(folder, 'dist', 'kernels');
  const kept = (await readdir(kernels)).filter((file) => file.endsWith('.code'));
  for (const file of kept) {
    const bytes = await readFile(join(kernels, file));
    bytes.fill(0, bytes.length - 1000, bytes.length - 900);
    await writeFile(join(kernels, file), bytes);
  }
  const { code, stderr } = await race();
  assert.equal(code, 0, stderr);
  const { race: raced } = await readJson<{ race: { kernels: string } }>(folder, 'run', 'result.json');
  assert.equal(raced.kernels, 'compiled');
});
