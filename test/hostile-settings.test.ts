/** Settings from a stranger: YAML is data, names of JavaScript's prototypes are unknown keys, and nothing is endless. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path, { join } from 'node:path';
import { test } from 'node:test';
import { layerOf, plain } from '../dist/config/layer.js';
import { resolveConfig } from '../dist/config/load.js';
import { commandLineLayer } from '../dist/config/overrides.js';
import { parseYaml } from '../dist/config/yaml-text.js';
import { createRunFolder } from '../dist/run/run-folder.js';
import { slugOf } from '../dist/study/study-file.js';
import { cli, expectCode, workingDirectory } from './support/cli.ts';
import { scratch } from './support/scratch.ts';

const prototypes = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'];

for (const name of prototypes)
  test(`${name} is an unknown key in overrides and files, and changes no object`, async (t) => {
    const layer = await commandLineLayer([`a.${name}.b=1`, `${name}.polluted=1`], {});
    assert.ok(Object.hasOwn(plain(layer) as object, name));
    plain(
      layerOf(parseYaml(`train: {${name}: {polluted: 1}}\n${name}: {polluted: 1}`), { label: '', rank: 0 }),
    );
    layerOf(JSON.parse(`{"${name}": {"polluted": 1}}`), { label: '', rank: 0 });
    assert.equal(Reflect.get({}, 'polluted'), undefined);
    assert.equal(Reflect.get(Object, 'polluted'), undefined);
    const cwd = await workingDirectory(t);
    await writeFile(join(cwd, 'a.yaml'), `train: {${name}: 1}\n`);
    await assert.rejects(resolveConfig({ file: join(cwd, 'a.yaml'), overrides: [], directory: cwd }), {
      message: new RegExp(`train\\.${name}: unknown key`),
    });
  });

const doubling = (levels: number) =>
  [
    'a0: &a0 [x]',
    ...Array.from({ length: levels }, (_, at) => `a${at + 1}: &a${at + 1} [*a${at}, *a${at}]`),
  ].join('\n');

for (const [what, text, problem] of [
  ['a tag of a function', 'data: !!js/function "function(){}"', /Unresolved tag/],
  ['aliases that multiply', doubling(30), /alias/i],
  ['deep lists', '['.repeat(20_000), /deeply|Flow|flow/],
  ['closed deep lists', '['.repeat(20_000) + ']'.repeat(20_000), /nested too deeply/],
  ['lists as deep as the parser allows', '['.repeat(40) + ']'.repeat(40), /nested too deeply/],
  ['an alias in its own anchor', 'data: &a\n  x: *a', /nested too deeply|alias/i],
] as const)
  test(`YAML is data: ${what}`, () => {
    assert.throws(
      () => parseYaml(text),
      (error: Error) => problem.test(error.message) && error.name === 'YamlProblem',
    );
  });

test('YAML may be nested 32 deep, and no deeper', () => {
  const lists = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
  assert.ok(Array.isArray(parseYaml(lists(32))));
  assert.throws(() => parseYaml(lists(33)), /nested too deeply/);
});

test('a configuration without end is refused', { skip: !existsSync('/dev/zero') }, async (t) => {
  const cwd = await workingDirectory(t);
  const { stderr } = await expectCode(2, ['train', '--config', '/dev/zero', '--print-plan'], { cwd });
  assert.equal(stderr, 'error: /dev/zero: cannot be read: expected at most 1048576 bytes, got more\n');
});

const endless = 'a'.repeat(20_000);
const spaced = 'a b '.repeat(5000);
for (const words of [
  ['train', endless],
  ['train', spaced],
  ['train', `--${endless}`],
  ['train', `train.${endless}=3`],
  ['train', `train."${'\n'.repeat(20_000)}"=3`],
  ['train', `train${'.a'.repeat(10_000)}=3`],
  ['train', `train.batch=${endless}`],
  ['train', `train.batch=[${endless}`],
  ['train', '--config', endless],
  ['train', '--threads', endless],
  ['train', '--threads', spaced],
  ['train', '--threads', '9'.repeat(20_000)],
  ['train', '--out', `~${endless}`],
  ['train', '--out', endless],
  ['train', '--resume', endless],
  ['eval', endless],
  ['eval', spaced],
  ['help', endless],
  ['help', spaced],
])
  test(`a refusal shortens what it repeats: ${words.map((word) => JSON.stringify(word).slice(0, 20)).join(' ')}`, async (t) => {
    const { code, stderr } = await cli(words, { cwd: await workingDirectory(t) });
    assert.ok(code === 1 || code === 2, `exit ${code}`);
    // A path of many words may be long itself.
    const longest = words[0] === 'eval' ? 1010 : 500;
    assert.ok(
      stderr.length <= longest + 8 && /^error: .+\n$/.test(stderr),
      `${stderr.length} characters: ${stderr.slice(0, 600)}`,
    );
  });

test('an object of a program that contains itself is refused', async () => {
  const circle: Record<string, unknown> = {};
  circle.train = circle;
  const list: unknown[] = [];
  list.push(list);
  for (const values of [circle, { model: { hidden: list } }])
    await assert.rejects(
      resolveConfig({ file: null, overrides: [], settings: [{ label: 'recipe', values }] }),
      {
        name: 'UserError',
        message: 'recipe: expected keys nested at most 32 deep, got more',
      },
    );
});

test('a zero byte in a path of a file is refused with its key', async (t) => {
  const cwd = await workingDirectory(t);
  for (const [text, key] of [
    ['data: { dir: "a\\0b" }', 'data.dir'],
    ['model: { init: { file: "a\\0b" } }', 'model.init.file'],
    ['extends: "a\\0b"', 'extends'],
  ]) {
    await writeFile(join(cwd, 'a.yaml'), text);
    const { stderr } = await expectCode(2, ['train', '--config', 'a.yaml', '--print-plan'], { cwd });
    assert.match(
      stderr,
      new RegExp(`^error: a\\.yaml: ${key}: expected the path .*"a\\\\u0000b" \\(string\\)\n$`),
    );
  }
  const study =
    'title: x\ncomparisons: [{ name: y, question: z, base: "a\\0b", variants: { a: {}, b: {} } }]\n';
  await writeFile(join(cwd, 's.yaml'), study);
  const { stderr } = await expectCode(2, ['study', '--config', 's.yaml'], { cwd });
  assert.match(stderr, /^error: s\.yaml: .*base: "a\\u0000b": expected the path of a YAML file\n$/);
});

/** Names that Windows keeps for devices, or that leave their folder. */
const hostile = [
  'CON',
  'nul.txt',
  '../../etc',
  '..',
  '.',
  'a/b\\c:d',
  'name. ',
  'x'.repeat(500),
  '~',
  '\u0000',
  'COM1',
];
const isDevice = (name: string) => /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(name);

test('a run name stays in its folder, on Windows too', async (t) => {
  const root = scratch(t);
  for (const name of hostile) {
    const folder = await createRunFolder({ root, out: null, name });
    assert.equal(path.dirname(folder.path), root, name);
    const leaf = path.basename(folder.path);
    assert.equal(path.win32.basename(leaf), leaf, name);
    assert.match(leaf, /^[\w.-]{1,100}$/, name);
    assert.ok(!isDevice(leaf) && !/[. ]$/.test(leaf), leaf);
    folder.release();
  }
});

test('the file of a comparison has a plain name, which is no device of Windows', () => {
  for (const name of hostile) assert.match(slugOf(name), /^[a-z0-9]+(-[a-z0-9]+)*$/);
  for (const name of ['CON', 'nul', 'COM1', 'lpt9']) assert.ok(!isDevice(slugOf(name)), name);
});
