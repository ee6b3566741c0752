/** Every command and setting that README.md and docs/ show is taken as it is shown, made short where it would be long. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { resolveConfig } from '../dist/config/load.js';
import { readStudy } from '../dist/study/study-file.js';
import { cli } from './support/cli.ts';
import { cliInTurn } from './support/commands-in-turn.ts';
import { documentedCommands, documentedSettings } from './support/documented-commands.ts';
import { drawing, testImage } from './support/drawings.ts';
import { smallNetwork, stateDict } from './support/onnx-files.ts';
import { tableText } from './support/tables.ts';
import { toyRows, writeToySet } from './support/toy-set.ts';

/** Shown, but not run here. A command that no page shows any more may not stay in this list. */
const notRun: Readonly<Record<string, string>> = {
  'npm ci': 'installs from the network; every checkout begins with it',
  'npm ci && npm test': 'runs this test',
  'npm pack': 'test/package.test.ts',
  'npm install ./shardstep-0.1.0.tgz': 'test/package.test.ts',
  'npm install sharp': 'installs from the network',
  'node -e 0': 'a program of Node alone, that start-up is measured against',
  'node dist/coordinator …': 'stands for any command',
  'npm start -- …': 'stands for any command',
  'node dist/coordinator train --resume results/latest': 'test/resume.test.ts',
  'node dist/coordinator study --config quick --out results/study-quick':
    'the study of `study`, which is run',
  'node dist/coordinator study --config leave-one-out --out results/study-leave-one-out':
    'measures its cost for long; test/study-file.test.ts reads it',
  '… profile --config fastmlp': 'test/cli-profile.test.ts',
  'node dist/coordinator train --config fastmlp backend=tfjs-node':
    'needs TensorFlow; test/tfjs-node.test.ts',
  'npx node scripts/check-arm64.ts': 'needs an emulator and installs Node for arm64',
};

/** `npm run …`: scripts of package.json that measure for minutes, write into this checkout or install. */
const scripts: Readonly<Record<string, string>> = {
  bench: 'measures for minutes',
  'bench:peers': 'installs other libraries and measures for an hour',
  docs: 'writes docs/; test/docs-current.test.ts holds them against the code',
  audit: 'asks the registry',
  chaos: 'takes minutes; test/chaos.test.ts does a part',
  fuzz: 'takes minutes; test/fuzz.test.ts does a part',
  'fuzz:models': 'takes minutes; test/damaged-models.test.ts opens some',
  'test:readers': 'installs other libraries; test/readers',
  'setup:tfjs': 'installs from the network; test/setup-tfjs.test.ts',
  'study:report': 'writes docs/; test/report-current.test.ts',
  'study:record': 'writes results/records',
};

const root = new URL('../', import.meta.url);

/** The words after the program; null for commands that are not the coordinator's. */
function wordsOf(text: string): string[] | null {
  const match = /^(?:node dist\/coordinator|npm start(?: --)?|npx shardstep|…)(?: (.*))?$/.exec(text);
  return match === null ? null : (match[1] ?? '').split(' ').filter((word) => word !== '');
}

/** Words that stand for others. */
const stands: Readonly<Record<string, string>> = {
  'RUN…': 'results',
  'LOG…': 'results',
  'FILE…': 'seven.jpg',
  FILE: 'network.onnx',
  MODEL: 'imported.safetensors',
};

/** The same command, doing little, in a folder where A, B and results hold runs. */
async function shortened(words: readonly string[], out: string): Promise<string[]> {
  const named = /^[a-z]/.test(words[0] ?? '') && !words[0].includes('=');
  const threads = words.includes('--threads');
  const command = named ? words[0] : threads ? 'sweep' : 'race';
  const given = words
    .map((word) => stands[word] ?? word.replace(/^1\.\.\d+$/, '1..2'))
    .map((word, at) => (words[at - 1] === '--seeds' ? String(Math.min(2, Number(word))) : word));
  const isOut = (at: number) => given[at] === '--out' || given[at - 1] === '--out';
  const kept = given.filter((_, at) => !isOut(at));
  const brief = ['stop.target=null', 'train.steps=2', '--out', out];
  const config = kept[kept.indexOf('--config') + 1];
  const first = async () =>
    (await readStudy(kept.includes('--config') ? config : 'quick')).study.comparisons[0].name;
  const more: Readonly<Record<string, () => readonly string[] | Promise<readonly string[]>>> = {
    race: () => [...(kept.includes('--seeds') ? [] : ['--seeds', '1']), '--out', out],
    train: () => brief,
    fit: () => ['train.steps=2', '--out', out],
    profile: () => brief,
    sweep: () => ['--repeats', '1', ...(threads ? [] : ['--threads', '1']), ...brief],
    study: async () => ['--dry-run', '--only', await first()],
    'lr-find': () => ['--steps', '10', '--out', out],
    report: () => ['--out', out],
    // Of a network that took two steps.
    export: () => (words.includes('--int8') ? ['--allow-loss'] : []),
  };
  // `--seeds` without a command trains.
  return [...(command === 'race' && !named ? ['race'] : []), ...kept, ...((await more[command]?.()) ?? [])];
}

describe('commands of the documentation', { concurrency: 2 }, () => {
  let cwd = '';
  before(async () => {
    cwd = await realpath(await mkdtemp(join(tmpdir(), 'shardstep-docs-')));
    const runs = ['A', 'B', 'results/a', 'digits'].map((out) =>
      cli(['train', '--quiet', '--threads', '1', 'train.steps=2', 'stop.target=null', '--out', out], { cwd }),
    );
    for (const { code, stderr } of await Promise.all(runs)) assert.equal(code, 0, stderr);
    // The networks of other programs that docs/import.md has.
    writeFileSync(join(cwd, 'network.onnx'), smallNetwork());
    writeFileSync(join(cwd, 'state.safetensors'), stateDict());
    // What docs/predict.md asks about.
    mkdirSync(join(cwd, 'scans'));
    for (const name of ['seven.jpg', 'photo.jpg', 'scans/1.jpg'])
      writeFileSync(join(cwd, name), await drawing(0));
    writeFileSync(join(cwd, 'rows.csv'), `${testImage(0).join()}\n`);
    for (const [at, name] of ['cats', 'dogs'].entries()) {
      mkdirSync(join(cwd, 'pictures', name), { recursive: true });
      for (let i = 0; i < 8; i++)
        writeFileSync(join(cwd, 'pictures', name, `${i}.jpg`), await drawing(8 * at + i));
    }
    // The folder of one's own that docs/data.md has.
    mkdirSync(join(cwd, 'my'));
    writeFileSync(join(cwd, 'people.csv'), tableText(300).replace('class', 'income'));
    writeToySet(cwd, 'my/folder', undefined, toyRows(600, 7), 'class');
  });
  after(() => rm(cwd, { recursive: true, force: true }));

  const seen = new Set<string>();
  for (const { text, pages } of documentedCommands()) {
    if (text in notRun) continue;
    const script = /^npm run ([\w:]+)(?: -- ([a-z-]+))?/.exec(text);
    if (script !== null) {
      const [, name, bench] = script;
      test(`${text} (${pages.join(', ')}): there is such a script`, () => {
        assert.ok(name in scripts, `${name}: expected a reason why it is not run`);
        assert.ok(name in JSON.parse(readFileSync(new URL('package.json', root), 'utf8')).scripts, name);
        if (name === 'bench')
          assert.ok(
            existsSync(new URL(`bench/${bench}.ts`, root)) || existsSync(new URL(`bench/${bench}/`, root)),
            bench,
          );
      });
      continue;
    }
    const words = wordsOf(text);
    const key = words?.join(' ') ?? text;
    if (seen.has(key)) continue;
    seen.add(key);
    test(`${text} (${pages.join(', ')})`, async () => {
      assert.ok(
        words !== null,
        'expected a command of the coordinator, or a reason in this test why it is not run',
      );
      const short = await shortened(words, `out-${key.replace(/\W+/g, '-')}`);
      // A race runs before the commands are loaded.
      const { code, stderr } = short[0] === 'race' ? await cli(short, { cwd }) : await cliInTurn(short, cwd);
      assert.equal(code, 0, `${short.join(' ')}\n${stderr}`);
    });
  }

  test('the example of docs/config.md trains, with a note for what gave way to it', async () => {
    const example = documentedSettings().find(({ text }) => text.startsWith('train.batch=256 '));
    assert.ok(example !== undefined);
    const words = ['train', ...example.text.split(' '), 'train.steps=2', '--out', 'example'];
    const { code, stderr } = await cli(words, { cwd });
    assert.equal(code, 0, stderr);
    assert.match(stderr, /model\.init\.kind: "torch" instead of "zero"/);
  });
});

test('every reason why a command is not run is of one that is shown', () => {
  const shown = documentedCommands().map(({ text }) => text);
  for (const text of Object.keys(notRun)) assert.ok(shown.includes(text), text);
  for (const name of Object.keys(scripts))
    assert.ok(
      shown.some((text) => `${text} `.startsWith(`npm run ${name} `)),
      name,
    );
});

/** Settings that need another recipe than the default one, which is on direction features. */
const onPixels = new Set(['backend=tfjs-node', 'backend=js', 'backend.name=tfjs-node', 'loss.name=huber']);

/** What other settings need beside them. */
const beside: Readonly<Record<string, readonly string[]>> = {
  'data.set=table': ['data.dir=people.csv'],
  'model.shortcut=true': ['model.hidden=[16]'],
  'data.task=regression': ['data.set=csv', 'data.dir=my/folder', 'loss.name=squared-error'],
  'data.task=labels': ['data.set=csv', 'data.dir=my/folder', 'loss.name=binary-cross-entropy'],
  'data.target=[price,income]': [
    'data.set=csv',
    'data.dir=my/folder',
    'data.task=regression',
    'loss.name=huber',
  ],
};

for (const { text, pages } of documentedSettings()) {
  if (text === 'key=value') continue;
  test(`${text} (${pages.join(', ')}) is taken`, async () => {
    const recipe =
      onPixels.has(text) || text in beside ? { file: 'pixels-97' } : { file: 'mnist-97', implied: true };
    const folder =
      /data\.set=(idx|csv)/.test(text) && !text.includes('data.dir=') ? ['data.dir=my/folder'] : [];
    await resolveConfig({
      ...recipe,
      overrides: [...text.split(' '), ...(beside[text] ?? []), ...folder],
      environment: {},
    });
  });
}
