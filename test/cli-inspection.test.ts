/** What the command line tells without training: help, version, hardware, resolved configuration and plan. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { Command as Parser } from 'commander';
import { parse } from 'yaml';
import { table } from '../dist/commands/table.js';
import { coordinator, expectCode, readJson, workingDirectory } from './support/cli.ts';
import { cliInTurn } from './support/commands-in-turn.ts';

type Section = Readonly<Record<string, unknown>>;
type Printed = Readonly<Record<'data' | 'model' | 'train' | 'optimizer' | 'parallel' | 'log', Section>> & {
  readonly seed: number;
};

/** `--print-config` of the words; it must leave nothing behind. */
async function printed(
  t: TestContext,
  words: readonly string[],
  files: Readonly<Record<string, string>> = {},
  environment: Readonly<Record<string, string>> = {},
): Promise<{ text: string; config: Printed; cwd: string }> {
  const cwd = await workingDirectory(t);
  for (const [name, text] of Object.entries(files)) await writeFile(join(cwd, name), text);
  const { code, stdout, stderr } = await cliInTurn([...words, '--print-config'], cwd, environment);
  assert.deepEqual([code, stderr], [0, '']);
  assert.deepEqual((await readdir(cwd)).sort(), Object.keys(files).sort());
  return { text: stdout, config: parse(stdout) as Printed, cwd };
}

test('the list of commands shows the arguments that each declares', async () => {
  for (const { name, words = '', load } of table) {
    const parser = new Parser(name).option('--json');
    (await load()).command.declare(parser);
    assert.equal(parser.createHelp().subcommandTerm(parser), `${name} [options] ${words}`.trimEnd());
  }
});

// Each has a folder and a process of its own.
describe('asking without training', { concurrency: 2 }, () => {
  test('--help and --version exit 0 and say what they should', async (t) => {
    const cwd = await workingDirectory(t);
    const said = async (...words: string[]) => {
      const { code, stdout, stderr } = await cliInTurn(words, cwd);
      assert.deepEqual([code, stderr], [0, '']);
      return stdout;
    };
    for (const word of ['--help', '-h', 'help']) {
      const help = await said(word);
      const listed = [
        'train [options] [key=value...]',
        'sweep',
        'hardware [options]',
        'compare [options] <a> <b>',
      ];
      for (const part of [...listed, 'Exit codes', '--version'])
        assert.ok(help.includes(part), `${part} is not in ${word}`);
    }
    const trainHelp = await said('train', '--help');
    for (const flag of [
      'config',
      'threads',
      'seeds',
      'out',
      'overwrite',
      'json',
      'quiet',
      'print-config',
      'print-plan',
      'debug',
    ])
      assert.ok(trainHelp.includes(`--${flag}`), `--${flag} is not in train --help`);
    assert.equal(await said('help', 'train'), trainHelp);
    assert.ok((await said('sweep', '--help')).includes('--repeats'));
    const { version } = await readJson<{ version: string }>(import.meta.dirname, '..', 'package.json');
    assert.equal(await said('--version'), `${version}\n`);
    assert.deepEqual(await readdir(cwd), []);
  });

  test('--print-config prints YAML that loads back to the same configuration', async (t) => {
    const words = ['train', '--config', 'fastmlp', 'train.batch=256', 'seed=7', 'model.hidden=[17,5]'];
    const { text, config } = await printed(t, words);
    assert.deepEqual([config.train.batch, config.seed, config.model.hidden], [256, 7, [17, 5]]);
    const again = await printed(t, ['train', '--config', 'back.yaml'], { 'back.yaml': text });
    assert.equal(again.text, text);
  });

  test('without --config, train prints mnist-97 and a sweep prints sweep.yaml', async (t) => {
    const { config } = await printed(t, ['train']);
    assert.deepEqual([config.model.hidden, config.data.take, config.train.batch], [[], 2000, 8]);
    const bare = await printed(t, []);
    assert.deepEqual(bare.config, config);
    const sweep = await printed(t, ['--threads', '1..2']);
    assert.deepEqual([sweep.config.model.hidden, sweep.config.train.batch], [[256, 128], 512]);
    assert.equal(sweep.config.train.epochs, 1);
  });

  test('precedence: defaults < extended file < file < environment < key=value < flag', async (t) => {
    const files = {
      'base.yaml':
        'train: { batch: 32, epochs: 3 }\noptimizer: { lr: 0.5 }\nseed: 2\nlog: { level: error }\n',
      'own.yaml': 'extends: base.yaml\ntrain: { batch: 48 }\nparallel: { threads: 3 }\n',
    };
    const own = ['train', '--config', 'own.yaml'];
    const { config } = await printed(t, own, files);
    assert.deepEqual(config.train, { ...config.train, batch: 48, epochs: 3, steps: null });
    assert.deepEqual([config.optimizer.lr, config.optimizer.momentum, config.seed], [0.5, 0.9, 2]);
    assert.deepEqual([config.parallel.threads, config.log.level], [3, 'error']);

    const words = [...own, 'train.batch=96', 'train.batch=64', 'parallel.threads=2', '--threads', '5'];
    const over = await printed(t, words, files, { LOG_LEVEL: 'warn' });
    assert.deepEqual(
      [over.config.train.batch, over.config.parallel.threads, over.config.log.level],
      [64, 5, 'warn'],
    );
    const spoken = await printed(t, [...own, 'log.level=debug'], files, { LOG_LEVEL: 'warn' });
    assert.equal(spoken.config.log.level, 'debug');
    const flagged = await printed(t, [...own, '--log-level', 'trace'], files, { LOG_LEVEL: 'warn' });
    assert.equal(flagged.config.log.level, 'trace');
  });

  test('--print-plan prints the plan as JSON and leaves nothing behind', async (t) => {
    const cwd = await workingDirectory(t);
    const { stdout } = await expectCode(
      0,
      ['train', '--config', 'pixels-97', '--print-plan', '--threads', '2'],
      { cwd },
    );
    const plan = JSON.parse(stdout) as {
      threads: number;
      batch: number;
      layers: unknown[];
      slices: unknown[];
    };
    assert.deepEqual([plan.threads, plan.batch, plan.layers.length, plan.slices.length], [2, 64, 2, 2]);
    assert.deepEqual(await readdir(cwd), []);
  });

  test('hardware prints a card, and with --json one object', async (t) => {
    const cwd = await workingDirectory(t);
    const { stdout } = await expectCode(0, ['hardware'], { cwd });
    for (const part of ['processor', 'cores', 'memory', 'runtime', 'GFLOP/s', 'GB/s'])
      assert.ok(stdout.includes(part), `${part} is not in ${stdout}`);
    const json = await expectCode(0, ['hardware', '--json'], { cwd });
    const facts = JSON.parse(json.stdout) as { physicalCores: number; measured: { gflops: number } };
    assert.ok(facts.physicalCores >= 1);
    assert.ok(facts.measured.gflops > 0);
    assert.deepEqual(await readdir(cwd), []);
  });

  test('output that nobody reads to its end is no error, and the run folder is whole all the same', async (t) => {
    const cwd = await workingDirectory(t);
    const closed = (words: readonly string[]) =>
      spawnSync('sh', ['-c', '"$0" "$@" 2>stderr | true', process.execPath, coordinator, ...words], { cwd });
    closed(['--help']);
    assert.equal(await readFile(join(cwd, 'stderr'), 'utf8'), '');
    closed(['train', 'train.steps=2', 'data.take=640', 'stop.target=null', '--quiet', '--out', 'run']);
    assert.equal(await readFile(join(cwd, 'stderr'), 'utf8'), '');
    assert.equal((await readJson<{ status: string }>(cwd, 'run', 'result.json')).status, 'done');
  });
});
