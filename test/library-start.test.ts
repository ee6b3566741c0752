/** A program that loads a model starts soon: the package's one file loads little of Node, and reads little of itself. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

const folder = new URL('../lib/library/', import.meta.url);
const index = JSON.stringify(new URL('index.js', folder).href);
const model = JSON.stringify(new URL('./fixtures/models/format-1-layers.safetensors', import.meta.url).href);

/** Node's modules that a program has loaded since its start. */
function loadedBy(body: string): string[] {
  const program = `const start = new Set(process.moduleLoadList);
    const { load, readImage, train } = await import(${index});
    const model = await load(new URL(${model}));
    ${body}
    const names = process.moduleLoadList.filter((each) => !start.has(each) && each.startsWith('NativeModule '));
    process.stdout.write(JSON.stringify(names.map((each) => each.slice('NativeModule '.length))));`;
  const options = { encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' } } as const;
  return JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', program], options));
}

/** Each takes 1 to 5 ms. */
const heavy = ['crypto', 'worker_threads', 'fs/promises', 'perf_hooks', 'http', 'zlib', 'child_process'];

test('to load a model and to predict, it needs none of the large modules of Node', () => {
  const loaded = loadedBy('model.predict(new Float32Array(model.input.reduce((a, b) => a * b)).fill(1));');
  assert.ok(loaded.includes('v8'), 'the list has what is used');
  assert.deepEqual(
    loaded.filter((name) => heavy.includes(name)),
    [],
  );
});

test('what needs one loads it', () => {
  assert.ok(loadedBy("await model.save('/dev/null/x').catch(() => {});").includes('fs/promises'));
});

test('training and images are not in the files that are read at once', () => {
  const first = readFileSync(new URL('index.js', folder), 'utf8');
  const shared = [...first.matchAll(/from"\.\/([\w.-]+)"/g)].map(([, name]) => name);
  // What `shardstep/brain` needs too is a file of its own.
  assert.equal(shared.length, 2);
  const read = [first, ...shared.map((name) => readFileSync(new URL(name, folder), 'utf8'))].join('');
  assert.ok(read.length < 166 * 1024, `${read.length} bytes`);
  const later = readdirSync(folder).find((name) => name.startsWith('rest-')) ?? assert.fail('no rest');
  const rest = readFileSync(new URL(later, folder), 'utf8');
  for (const words of ['{ inputs, targets }', 'sharp', 'confusion'])
    assert.deepEqual([read.includes(words), rest.includes(words)], [false, true], words);
});
