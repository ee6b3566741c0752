/**
 * Bad input on the command line: one clear line on stderr, nothing on stdout, and the right exit code. The first case of
 * each kind, and those without a command, have a process of their own.
 */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { table } from '../dist/commands/table.js';
import { writeSafetensors } from '../dist/model/safetensors.js';
import { cli, workingDirectory } from './support/cli.ts';
import { cliInTurn } from './support/commands-in-turn.ts';
import { type Files, idx, names, tinySet, writeFiles } from './support/data-files.ts';

interface Case {
  readonly name: string;
  readonly words: readonly string[];
  readonly code: 1 | 2;
  /** What the one line must hold. */
  readonly says: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** Runs the case in `cwd` and demands exactly one line of complaint; warnings, and on a busy machine progress, may precede it. */
async function refused(
  { words, code, says, environment = {} }: Case,
  cwd: string,
  hasProcess: boolean,
): Promise<void> {
  const result = await (hasProcess ? cli(words, { cwd, environment }) : cliInTurn(words, cwd, environment));
  const said = `${words.join(' ')} → ${result.code}\n${result.stderr}${result.stdout}`;
  assert.equal(result.code, code, said);
  assert.equal(result.stdout, '', said);
  assert.match(result.stderr, /^(warning: [^\n]+\n|[a-z ]+: \d+ %\n)*error: [^\n]+\n$/, said);
  assert.doesNotMatch(result.stderr, /bug in shardstep|\bat .*:\d+:\d+/, said);
  for (const part of says)
    assert.ok(result.stderr.includes(part), `${JSON.stringify(part)} is not in: ${said}`);
}

function refusals(cases: readonly Case[], prepare?: (cwd: string) => Promise<void>): void {
  for (const [at, each] of cases.entries()) {
    const named = table.some(({ name }) => name === each.words[0]);
    test(`${each.name} is refused in one line, exit ${each.code}`, async (t) => {
      const cwd = await workingDirectory(t);
      await prepare?.(cwd);
      await refused(each, cwd, at === 0 || !named);
    });
  }
}

const usage = (name: string, words: readonly string[], ...says: string[]): Case => ({
  name,
  words,
  code: 2,
  says,
});

// Each has a folder and a process of its own.
describe('bad input', { concurrency: 2 }, () => {
  refusals([
    usage('an unknown flag', ['train', '--thread', '2'], '--thread', 'mean --threads?'),
    usage('an unknown flag without a command', ['--jsn'], '--jsn', 'mean --json?'),
    usage('a setting spelt as a flag', ['train', '--lr', '0.1'], "'--lr'", 'mean optimizer.lr=0.1?'),
    usage('a whole key as a flag', ['--train.batch=256'], 'mean train.batch=256?'),
    usage('another program’s word', ['sweep', '--batch-size', '64'], 'mean train.batch=64?'),
    usage('a flag that is near a setting', ['train', '--seed', '3'], 'mean seed=3 or --seeds?'),
    usage('a choice as a flag', ['train', '--optimizer=adam'], 'mean optimizer=adam?'),
    usage('a flag like nothing', ['train', '--zzzzzzzz'], "unknown option '--zzzzzzzz'"),
    usage('a recipe without --config', ['train', 'configs/x.yaml'], 'mean train --config configs/x.yaml?'),
    usage('a shipped recipe by name', ['profile', 'mnist-98'], 'mean profile --config mnist-98?'),
    usage('a recipe without a command', ['mnist-98'], 'mean train --config mnist-98?'),
    usage('a setting in two words', ['train', 'train.batch', '256'], 'mean train.batch=256?'),
    usage('help among the words of a command', ['train', 'help'], 'mean train --help?'),
    usage('help for a misspelt command', ['help', 'trian'], '"help trian"', 'mean help train?'),
    usage('a flag without its value', ['train', '--config'], '--config'),
    usage('a misspelt command', ['trian'], 'trian', 'mean train?'),
    usage('a misspelt command before a flag', ['swep', '--threads', '2'], 'swep', 'mean sweep?'),
    usage('a word that is no setting', ['train', 'banana'], 'banana', 'key=value'),
    usage('an unknown key', ['train', 'train.bach=3'], 'train.bach', 'mean train.batch?'),
    usage('a wrong type', ['train', 'train.batch=many'], 'train.batch', 'integer', '"many" (string)'),
    usage('a target above 1', ['train', 'stop.target=97'], 'stop.target', 'got 97'),
    usage('no thread at all', ['train', '--threads', '0'], '--threads', '"0"'),
    usage('no thread at all in a sweep', ['--threads', '0'], '--threads', '0 is below 1'),
    usage('a range that runs backwards', ['--threads', '5..2'], '--threads', '5 is above 2'),
    usage('a thread count in letters', ['--threads', 'abc'], '--threads', '"abc"'),
    usage('training with several thread counts', ['train', '--threads', '1,2'], '--threads', 'sweep'),
    usage('no thread at all by key', ['train', 'parallel.threads=0'], 'parallel.threads', 'got 0'),
    usage('no repeat', ['--threads', '1', '--repeats', '0'], '--repeats', '"0"'),
    usage('an empty run folder name', ['train', '--out', ''], '--out', '""'),
    usage(
      'a thread count by key in a sweep',
      ['sweep', 'parallel.threads=3'],
      'parallel.threads',
      '--threads',
    ),
    usage(
      'a validation share of no image',
      ['train', 'data.validation=1e-6', 'stop.on=validation'],
      'data.validation',
      '60000',
    ),
    usage('seeds in a sweep', ['sweep', '--threads', '2', '--seeds', '3'], '--seeds'),
    usage('repeats in training', ['train', '--repeats', '3'], '--repeats'),
    usage('a plan of a sweep', ['--threads', '2', '--print-plan'], '--print-plan'),
    usage('a plan of the hardware', ['hardware', '--print-plan'], '--print-plan'),
    usage('a word after hardware', ['hardware', 'now'], 'hardware'),
    usage('half a seed', ['train', '--seeds', '1.5'], '--seeds', '"1.5"'),
    usage('a configuration that is not there', ['train', '--config', 'nowhere.yaml'], 'nowhere.yaml'),
    usage('a log level that is none', ['train', '--log-level', 'loud'], 'log.level', '"loud"'),
    usage(
      'a batch larger than the data set',
      ['train', 'train.batch=70000', 'data.take=null'],
      'train.batch',
      '60000',
      '70000',
    ),
    usage(
      'a batch larger than the share in use',
      ['train', '--config', 'pixels-97', 'data.take=100', 'train.batch=101'],
      'train.batch',
      '100',
      '101',
    ),
    usage(
      'a batch that is no whole number of blocks',
      ['train', 'train.batch=12'],
      'train.batch',
      'multiple of 8',
      'got 12',
    ),
    usage(
      'hidden layers on products of components',
      ['train', '--config', 'mnist-99', 'model.hidden=[32]'],
      'model.hidden',
      'data.features.quadratic',
    ),
    usage(
      'layers that start at zero',
      ['train', '--config', 'mnist-97', 'model.hidden=[32]'],
      'model.init.kind',
      'initialisation',
    ),
    usage(
      'direction features in TensorFlow',
      ['train', 'backend=tfjs-node'],
      'backend',
      'data.features.kind',
    ),
    usage(
      'threads for TensorFlow without it',
      ['train', '--config', 'pixels-97', 'backend.threadsPerWorker=2'],
      'backend.threadsPerWorker',
      'backend.name=tfjs-node',
    ),
    usage('pooled direction features', ['train', 'data.pool=2'], 'data.pool', 'got 2'),
    usage(
      'a grid that is not built',
      ['train', 'data.features.grid=14'],
      'data.features.grid',
      '12, 16 or 20',
    ),
    usage('taking more images than there are', ['train', 'data.take=60001'], 'data.take', '60000', '60001'),
    usage('a sweep with such a batch', ['--threads', '1,2', 'train.batch=70000'], 'train.batch', '60000'),
  ]);

  refusals(
    [
      usage('--out where a file lies', ['train', '--out', 'file', 'train.steps=1'], 'file'),
      usage('--out below a file', ['train', '--out', 'file/run', 'train.steps=1'], 'file/run'),
      usage('--out of a sweep where a file lies', ['--threads', '1', '--out', 'file'], 'file'),
      usage('a default run folder where results is a file', ['train', 'train.steps=1'], 'results'),
      usage('a configuration that is a folder', ['train', '--config', 'folder'], 'folder'),
      usage('a configuration that is no YAML', ['train', '--config', 'broken.yaml'], 'broken.yaml'),
      usage(
        'a configuration with an unknown key',
        ['train', '--config', 'typo.yaml'],
        'typo.yaml',
        'optimizer.momentum',
      ),
    ],
    async (cwd) => {
      await mkdir(join(cwd, 'folder'));
      await writeFiles(cwd, {
        file: '',
        results: '',
        'broken.yaml': 'train: [1, 2\nseed: }\n',
        'typo.yaml': 'optimizer:\n  momentm: 0.1\n',
      });
    },
  );

  const onTinySet = [
    'train',
    '--config',
    'fastmlp',
    'data.set=idx',
    'data.dir=set',
    'train.batch=2',
    'train.steps=2',
  ];

  /** The tiny set with `changes`; null leaves a file out. */
  function brokenSet(
    name: string,
    changes: Readonly<Record<string, Buffer | string | null>>,
    says: readonly string[],
    words = onTinySet,
  ): void {
    test(`${name} is refused in one line, exit 1`, async (t) => {
      const cwd = await workingDirectory(t);
      await mkdir(join(cwd, 'set'));
      const files: Files = {};
      for (const [file, content] of Object.entries({ ...tinySet(), ...changes }))
        if (content !== null) files[file] = content;
      await writeFiles(join(cwd, 'set'), files);
      await refused({ name, words, code: 1, says }, cwd, false);
    });
  }

  const whole = tinySet();
  const trainImages = whole[names.trainImages];
  const zipped = gzipSync(trainImages);
  const noise = Buffer.from(zipped);
  noise.fill(0xaa, 12, 20);

  brokenSet('a missing IDX file', { [names.testLabels]: null }, ['missing', names.testLabels, 'set']);
  brokenSet('a truncated IDX file', { [names.trainImages]: trainImages.subarray(0, 20) }, [
    names.trainImages,
    'truncated',
  ]);
  brokenSet('an IDX file cut in its header', { [names.trainImages]: trainImages.subarray(0, 7) }, [
    names.trainImages,
    'header',
  ]);
  brokenSet('an empty IDX file', { [names.trainLabels]: Buffer.alloc(0) }, [names.trainLabels, '0 bytes']);
  brokenSet('an IDX file with a wrong magic number', { [names.trainLabels]: whole[names.trainImages] }, [
    names.trainLabels,
    'magic',
  ]);
  brokenSet('a text file in place of IDX', { [names.trainImages]: '<html>404</html>' }, [
    names.trainImages,
    'magic',
  ]);
  brokenSet(
    'gzip cut off',
    { [names.trainImages]: null, [`${names.trainImages}.gz`]: zipped.subarray(0, zipped.length - 12) },
    [`${names.trainImages}.gz`],
  );
  brokenSet('gzip with bytes changed', { [names.trainImages]: null, [`${names.trainImages}.gz`]: noise }, [
    `${names.trainImages}.gz`,
  ]);
  brokenSet('fewer labels than images', { [names.trainLabels]: idx([2], [1, 0]) }, [
    names.trainLabels,
    '2 labels',
    'expected 3',
  ]);
  brokenSet('more test labels than images', { [names.testLabels]: idx([3], [1, 0, 2]) }, [
    names.testLabels,
    '3 labels',
    'expected 2',
  ]);
  brokenSet('test images of another size', { [names.testImages]: idx([2, 1, 3], [1, 2, 3, 4, 5, 6]) }, [
    names.testImages,
    '1x3',
    '2x3',
  ]);
  brokenSet(
    'a label out of range in a known set',
    { [names.testLabels]: idx([2], [4, 10]) },
    [names.testLabels, 'label 10', '0 to 9'],
    ['train', '--config', 'fastmlp', 'data.set=kmnist', 'data.dir=set'],
  );
  brokenSet(
    'a label out of range in CSV',
    { 'train.csv': '1,0,0\n256,9,9\n', 'test.csv': '1,0,0\n' },
    ['train.csv', 'line 2', '256'],
    ['train', '--config', 'fastmlp', 'data.set=csv', 'data.dir=set'],
  );
  brokenSet('another set in the place of MNIST', {}, ['SHA-256', 'data.set=idx'], ['train', 'data.dir=set']);

  refusals(
    [
      {
        name: 'a data folder that is not there',
        words: ['train', 'data.dir=nowhere'],
        code: 1,
        says: ['data.dir', 'nowhere'],
      },
      {
        name: 'a data folder that is a file',
        words: ['train', 'data.dir=file'],
        code: 1,
        says: ['data.dir', 'is a file'],
      },
      {
        name: 'a data folder of a sweep that is a file',
        words: ['--threads', '1', 'data.dir=file'],
        code: 1,
        says: ['data.dir', 'is a file'],
      },
      {
        name: 'a data folder in SHARDSTEP_DATA that is not there',
        words: ['train'],
        code: 1,
        says: ['SHARDSTEP_DATA', 'nowhere'],
        environment: { SHARDSTEP_DATA: 'nowhere' },
      },
      {
        name: 'idx without a folder',
        words: ['train', 'data.set=idx'],
        code: 2,
        says: ['data.dir', 'SHARDSTEP_DATA'],
      },
      {
        name: 'weights that are not there',
        words: ['train', 'model.init.file=none.safetensors'],
        code: 1,
        says: ['none.safetensors'],
      },
      {
        name: 'weights that are a folder',
        words: ['train', 'model.init.file=folder'],
        code: 1,
        says: ['folder'],
      },
      {
        name: 'weights that are text',
        words: ['train', 'model.init.file=text.safetensors'],
        code: 1,
        says: ['text.safetensors'],
      },
      {
        name: 'weights of another shape',
        words: ['train', '--config', 'pixels-97', 'model.init.file=other.safetensors'],
        code: 1,
        says: ['other.safetensors', '0.weight', '[128, 196]', '[2, 3]'],
      },
      {
        name: 'weights of other names',
        words: [
          'train',
          '--config',
          'pixels-97',
          'model.init.file=other.safetensors',
          'model.init.prefix=net.',
        ],
        code: 1,
        says: ['net.0.weight', 'only 0.weight'],
      },
    ],
    async (cwd) => {
      await mkdir(join(cwd, 'folder'));
      await writeFile(join(cwd, 'file'), '');
      await writeFile(join(cwd, 'text.safetensors'), 'these are not the weights you are looking for');
      const tensors = new Map([
        ['0.weight', { shape: [2, 3], data: new Float32Array(6) }],
        ['0.bias', { shape: [2], data: new Float32Array(2) }],
      ]);
      await writeFile(join(cwd, 'other.safetensors'), writeSafetensors(tensors, { format: 'pt' }));
    },
  );
});
