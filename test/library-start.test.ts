/** A program that loads a model starts soon: the package's one file loads little of Node, and reads little of itself. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

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

test('exports are loaded by the first of them, once, and give what the modules of the checkout give', () => {
  const program = `import { createRequire } from 'node:module';
    const { load } = await import(${index});
    const model = await load(new URL(${model}));
    const { cache } = createRequire(import.meta.url);
    const loaded = () => Object.keys(cache).map((each) => each.split(/[\\\\/]/).at(-1));
    const before = loaded();
    const onnx = Buffer.from(model.toOnnx()).toString('base64');
    const sample = new Float32Array(model.input.reduce((a, b) => a * b)).fill(1);
    const answer = model.toFunction()(sample);
    process.stdout.write(JSON.stringify({ before, after: loaded(), onnx, answer }));`;
  const options = { encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' } } as const;
  const run = (
    from: string,
  ): { before: string[]; after: string[]; onnx: string; answer: { label: string } } =>
    JSON.parse(
      execFileSync(
        process.execPath,
        ['--input-type=module', '-e', program.replace(index, JSON.stringify(from))],
        options,
      ),
    );
  const published = run(new URL('index.js', folder).href);
  assert.deepEqual([published.before, published.after], [[], ['exporters.cjs']]);
  const { onnx, answer } = run(new URL('../dist/index.js', import.meta.url).href);
  assert.deepEqual({ onnx: published.onnx, answer: published.answer }, { onnx, answer });
});

test('refusals of exports are UserErrors of the program that loads them', () => {
  const text = readFileSync(new URL('exporters.cjs', folder), 'utf8');
  // A class of its own would be another one than that which programs import.
  assert.doesNotMatch(text, /\bextends Error\b/);
  const asked: string[] = [];
  const make: unknown = createRequire(import.meta.url)(fileURLToPath(new URL('exporters.cjs', folder)));
  assert.ok(typeof make === 'function');
  assert.deepEqual(Object.keys(make((name: string) => asked.push(name))).sort(), ['toFunction', 'toOnnx']);
  assert.deepEqual(asked, ['./errors']);
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
