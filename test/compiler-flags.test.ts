/** A library may not change how other modules of its process are compiled: V8's flags hold for all of them. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { compilerFlags, givenFlags } from '../dist/kernels/levels.js';

const files = { loadKernels: 'load', loadKernelsApart: 'load-apart', setCompilerFlags: 'levels' } as const;
const addressOf = (call: keyof typeof files) =>
  fileURLToPath(new URL(`../dist/kernels/${files[call]}.js`, import.meta.url));

/** (module (func (export "f") (result i32) i32.const 42)), with a custom section that makes the bytes of each new. */
const foreign = `
  const module = (mark) => new WebAssembly.Module(new Uint8Array([
    0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 127, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0, 10, 6, 1, 4, 0, 65, 42, 11,
    0, 2, 1, mark,
  ]));
  const kind = (mark) => {
    const { f } = new WebAssembly.Instance(module(mark)).exports;
    const lazy = %IsUncompiledWasmFunction(f);
    f();
    return { lazy, liftoff: %IsLiftoffFunction(f) };
  };`;

const states = (code: string, ...flags: string[]) =>
  JSON.parse(
    execFileSync(
      process.execPath,
      [...flags, '--allow-natives-syntax', '--input-type=module', '-e', foreign + code],
      { encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' } },
    ),
  );

const around = (call: keyof typeof files, words = '') => `
  const { ${call} } = await import(${JSON.stringify(addressOf(call))});
  const before = kind(97);
  await ${call}(${words});
  console.log(JSON.stringify({ before, after: kind(98) }));`;

for (const call of ['loadKernels', 'loadKernelsApart'] as const) {
  test(`${call}: a foreign module is compiled after it as before`, () => {
    const { before, after } = states(around(call));
    assert.deepEqual(before, { lazy: true, liftoff: true });
    assert.deepEqual(after, before);
  });

  test(`${call}: the flags that the user of the process set are kept`, () => {
    const { before, after } = states(around(call), '--no-liftoff', '--no-wasm-lazy-compilation');
    assert.deepEqual(before, { lazy: false, liftoff: false });
    assert.deepEqual(after, before);
  });
}

test('the test sees flags that are not restored', () => {
  const { before, after } = states(around('setCompilerFlags', "'relaxed-256', process.versions.v8"));
  assert.notDeepEqual(after, before);
});

test('spellings of flags', () => {
  assert.deepEqual(
    [...givenFlags(['--no-liftoff', '--nowasm_tier_up', '--wasm-inlining', '--test', 'file'])],
    [
      ['liftoff', false],
      ['wasm-tier-up', false],
      ['wasm-inlining', true],
    ],
  );
});

test('the flag of 256-bit kernels is set on x64 only: V8 prints flags that it does not know', () => {
  const names = (architecture: string) =>
    compilerFlags('relaxed', '13.6.233', architecture).map(([name]) => name);
  assert.ok(names('x64').includes('experimental-wasm-revectorize'));
  assert.ok(!names('arm64').includes('experimental-wasm-revectorize'));
});
