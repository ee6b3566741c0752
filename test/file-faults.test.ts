/**
 * Each file operation of a command fails in turn, as in SQLite's tests: the process ends with a documented exit code and
 * one line, and every file is whole or absent. `npm run test:faults` fails every operation, `npm test` a sample.
 */
import assert from 'node:assert/strict';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readSafetensors } from '../dist/model/safetensors.js';
import { type CliResult, cli, expectCode, readJson, workingDirectory } from './support/cli.ts';
import type { Fault } from './support/failing-files.ts';

const shim = fileURLToPath(new URL('./support/failing-files.ts', import.meta.url));
const isWhole = process.env.SHARDSTEP_FAULTS === 'all';

const settings = ['data.set=csv', 'data.dir=data', 'model.hidden=[4]', 'train.epochs=20', 'train.batch=8'];
const training = [
  'train',
  ...settings,
  'stop.target=null',
  'log.tensorboard=true',
  '--threads',
  '1',
  '--quiet',
];

/** 60 samples of two values, which a small network separates. */
async function writeData(folder: string): Promise<void> {
  await mkdir(join(folder, 'data'));
  const row = (_: unknown, at: number) =>
    `${at % 2},${(at % 2) * 120 + ((at * 37) % 100)},${(at * 53) % 256}`;
  const rows = Array.from({ length: 60 }, row);
  await writeFile(join(folder, 'data', 'train.csv'), ['label,a,b', ...rows, ''].join('\n'));
  await writeFile(join(folder, 'data', 'test.csv'), ['label,a,b', ...rows.slice(0, 20), ''].join('\n'));
}

interface Faulty extends CliResult {
  readonly operations: readonly string[];
}

async function withFault(words: readonly string[], cwd: string, fault: Omit<Fault, 'folder' | 'report'>) {
  const report = `${cwd}.operations`;
  const given: Fault = { ...fault, folder: cwd, report };
  const environment = { SHARDSTEP_FAULT: JSON.stringify(given), NODE_OPTIONS: `--import=${shim}`, HOME: cwd };
  const result = await cli(words, { cwd, environment });
  const operations = (await readFile(report, 'utf8')).trimEnd().split('\n');
  await rm(report);
  return { ...result, operations } satisfies Faulty;
}

/** Every file below is read as the program that uses it would. */
async function assertWhole(folder: string, what: string, mayLeave: boolean): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    const said = `${what}: ${relative(folder, file)}`;
    if (/\.tmp$|^run\.lock/.test(entry.name)) assert.ok(mayLeave, `${said} is left`);
    else if (file.endsWith('.json')) JSON.parse(await readFile(file, 'utf8'));
    else if (file.endsWith('.safetensors')) readSafetensors(await readFile(file), said);
    else if (file.endsWith('.ndjson'))
      // A line that was cut ends the file: its reader reports it.
      for (const line of (await readFile(file, 'utf8')).split('\n').slice(0, -1)) JSON.parse(line);
  }
}

/** Exit code 0 with every result, or one line that is no "bug" and no stack. */
function assertSpoken({ code, stderr }: CliResult, what: string): void {
  const said = `${what}: exit code ${code}\n${stderr}`;
  assert.ok([0, 1, 2].includes(code ?? -1), said);
  const lines = stderr.split('\n').filter((line) => line !== '');
  if (code === 0)
    assert.ok(
      lines.every((line) => line.startsWith('warning: ')),
      said,
    );
  else assert.equal(lines.filter((line) => line.startsWith('error: ')).length, 1, said);
  assert.doesNotMatch(stderr, /^\s+at |bug in shardstep/m, said);
}

async function template(t: TestContext): Promise<string> {
  const folder = await workingDirectory(t);
  await writeData(folder);
  return folder;
}

/** `n` from 1 until the command passes without a fault. */
async function failEach(
  t: TestContext,
  words: readonly string[],
  { code, lasts }: Pick<Fault, 'code' | 'lasts'>,
  { start, step }: { readonly start: string; readonly step: number },
): Promise<void> {
  const cwd = await workingDirectory(t);
  const renew = async () => {
    await rm(cwd, { recursive: true, force: true });
    await cp(start, cwd, { recursive: true });
  };
  await renew();
  const { operations: all, ...passed } = await withFault(words, cwd, { at: 0, code, lasts });
  assert.equal(passed.code, 0, passed.stderr);
  const results = (await readdir(cwd, { recursive: true })).sort();
  for (let at = 1; ; at += step) {
    await renew();
    const result = await withFault(words, cwd, { at, code, lasts });
    const operation = result.operations[at - 1] ?? 'none';
    const what = `${code}${lasts ? ' from' : ' at'} operation ${at}, ${operation}`;
    assertSpoken(result, what);
    if (result.code === 0 && !lasts) {
      const left = (await readdir(cwd, { recursive: true })).filter((name) => !/\.tmp$|run\.lock/.test(name));
      assert.deepEqual(left.sort(), results, what);
    }
    await assertWhole(
      cwd,
      what,
      /^(rm|unlink|readFileSync run.run.lock)/.test(operation) || (lasts && code !== 'ENOSPC'),
    );
    if (at > all.length) break;
  }
}

const faults = [
  { code: 'EIO', lasts: false },
  { code: 'ENOSPC', lasts: true },
  { code: 'EROFS', lasts: true },
  { code: 'EACCES', lasts: false },
] as const;

for (const fault of faults)
  test(`a training whose file operations fail in turn: ${fault.code}`, async (t) => {
    const start = await template(t);
    const words = [...training, '--seeds', '2', '--out', 'run'];
    await failEach(t, words, fault, { start, step: isWhole ? 1 : 23 });
  });

test('export and import whose file operations fail in turn', async (t) => {
  const start = await template(t);
  await expectCode(0, [...training, '--out', 'run'], { cwd: start });
  await expectCode(0, ['export', 'run', '--to', 'first.onnx'], { cwd: start });
  for (const fault of faults.slice(0, 2))
    for (const words of [
      ['export', 'run', '--to', 'second.onnx'],
      ['import', 'first.onnx', '--to', 'second.safetensors'],
    ])
      await failEach(t, words, fault, { start, step: isWhole ? 1 : 5 });
});

/** The number of the last of the operations that begin so. */
const numberOf = (operations: readonly string[], start: string) =>
  operations.findLastIndex((line) => line.startsWith(start)) + 1;

test('a log, metrics or scalars that cannot be written cost the model nothing, and the exit code is 1', async (t) => {
  const cwd = await template(t);
  const words = [...training, '--overwrite', '--out', 'run'];
  const { operations } = await withFault(words, cwd, { at: 0, code: 'EIO', lasts: false });
  for (const [file, start] of [
    ['log.ndjson', 'writeFileSync run/log.ndjson'],
    ['metrics.csv', 'openSync run/metrics.csv'],
    ['events.out', 'writeFileSync run/events'],
  ] as const) {
    const at = numberOf(operations, start);
    await rm(join(cwd, 'run'), { recursive: true });
    const { code, stderr } = await withFault(words, cwd, { at, code: 'EIO', lasts: false });
    assert.equal(code, 1, stderr);
    assert.match(stderr, new RegExp(`^error: cannot write .*${file}`));
    readSafetensors(await readFile(join(cwd, 'run', 'final.safetensors')), file);
    assert.equal((await readJson<{ status: string }>(cwd, 'run', 'result.json')).status, 'done');
  }
});

test('a log that cannot be written before a checkpoint: no checkpoint, one error, and the model of the whole run', async (t) => {
  const cwd = await template(t);
  const words = [...training, 'checkpoint.every=10steps', '--out', 'run'];
  await expectCode(0, words, { cwd });
  const expected = await readFile(join(cwd, 'run', 'final.safetensors'));
  await rm(join(cwd, 'run'), { recursive: true });
  const among = ['rename run/.config.yaml', 'writeFileSync run/log.ndjson'] as const;
  const result = await withFault(words, cwd, { at: 1, code: 'EIO', lasts: false, among });
  assert.equal(result.code, 1, result.stderr);
  assertSpoken(result, 'the log');
  assert.match(result.stderr, /^warning: no checkpoint after step 10: cannot write the log .*EIO/m);
  assert.deepEqual(await readFile(join(cwd, 'run', 'final.safetensors')), expected);
});

test('a disk that is full at the end: the line names the model first and counts the other files', async (t) => {
  const cwd = await template(t);
  const words = [...training, '--out', 'run'];
  const { operations } = await withFault(words, cwd, { at: 0, code: 'ENOSPC', lasts: true });
  const at = numberOf(operations, 'open run/.final.safetensors');
  await rm(join(cwd, 'run'), { recursive: true });
  const { code, stderr } = await withFault(words, cwd, { at, code: 'ENOSPC', lasts: true });
  assert.equal(code, 1);
  assert.match(
    stderr,
    /^error: cannot write .*final\.safetensors: no space left .* \(and \d more files\)\n$/,
  );
});

test('a run folder whose names or lock cannot be read is refused, not taken for an empty one', async (t) => {
  const cwd = await template(t);
  await expectCode(0, [...training, '--out', 'run'], { cwd });
  const before = await readFile(join(cwd, 'run', 'log.ndjson'), 'utf8');
  const words = [...training, '--out', 'run'];
  const { operations } = await withFault(words, cwd, { at: 0, code: 'EACCES', lasts: false });
  for (const start of ['readdirSync run', 'readFileSync run/run.lock']) {
    const at = numberOf(operations, start);
    const { code, stderr } = await withFault(words, cwd, { at, code: 'EACCES', lasts: false });
    assert.equal(code, 2, stderr);
    assert.match(stderr, /^error: cannot (list|read the lock) .*: permission denied \(EACCES\)\n$/);
    assert.equal(await readFile(join(cwd, 'run', 'log.ndjson'), 'utf8'), before);
  }
});
