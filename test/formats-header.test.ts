/** `.h`: names, labels, memory as stated, several models in one program, and as C++. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { toHeader } from '../dist/formats/header.js';
import { quantised } from '../dist/formats/quantised.js';
import { toFunction } from '../dist/formats/runtime/predict.js';
import type { Graph } from '../dist/model/op.js';
import { quantiseRows } from '../dist/model/quantise.js';
import { UserError } from '../dist/user-error.js';
import { compiled, strict, withoutGcc } from './support/gcc.ts';
import { folder } from './support/graphs.ts';
import { sampleOf, smallGraphs } from './support/small-graphs.ts';

const skip = withoutGcc;
const seeds = Array.from({ length: 50 }, (_, i) => i + 1);

function joined(graph: Graph): Uint8Array | Float32Array {
  const samples = seeds.map((seed) => sampleOf(graph, seed));
  return graph.values === 'float32'
    ? Float32Array.from(samples.flatMap((each) => Array.from(each)))
    : Uint8Array.from(samples.flatMap((each) => Array.from(each)));
}

for (const [name, graph] of Object.entries(smallGraphs))
  for (const isQuantised of [false, true]) {
    test(`${name}${isQuantised ? ' in 8 bits' : ''}: what the function gives`, { skip }, () => {
      const run = toFunction(isQuantised ? quantised(graph) : graph);
      const answers = compiled(graph, { isQuantised }).run(joined(graph));
      assert.equal(answers.length, seeds.length);
      for (const [i, seed] of seeds.entries()) {
        const { index, probabilities } = run(sampleOf(graph, seed));
        assert.equal(answers[i].index, index);
        for (const [k, value] of probabilities.entries())
          assert.ok(Math.abs(answers[i].probabilities[k] - value) < 1e-5, `${seed} ${k}`);
      }
    });

    test(`${name}${isQuantised ? ' in 8 bits' : ''}: no more stack and constants than stated`, {
      skip,
    }, () => {
      const file = join(folder, `stack-${name}-${isQuantised}`);
      const header = toHeader(graph, { isQuantised });
      writeFileSync(`${file}.h`, header);
      const type = graph.values === 'uint8' ? 'uint8_t' : 'float';
      const source = `#include "${file}.h"\nint run(const ${type} *x, float *p);\nint run(const ${type} *x, float *p) { return model_predict(x, p); }\n`;
      writeFileSync(`${file}.c`, source);
      const flags = [...strict, '-Os', '-fstack-usage', '-c', `${file}.c`, '-o', `${file}.o`];
      const made = spawnSync('gcc', flags, { encoding: 'utf8', cwd: folder });
      assert.equal(made.status, 0, made.stderr);
      const used = readFileSync(`${file}.su`, 'utf8').trim().split('\n');
      const sum = used.reduce((total, line) => total + Number(line.split('\t')[1]), 0);
      const stack = Number(/RAM: (\d+) bytes/.exec(header)?.[1]);
      // Saved registers and a few dozen scalars.
      assert.ok(sum <= stack + 1024, `${sum} of ${stack}: ${used}`);
      assert.ok(
        used.every((line) => /(static|bounded)$/.test(line)),
        `an array of variable length: ${used}`,
      );
      const sizes = spawnSync('size', ['-A', `${file}.o`], { encoding: 'utf8' }).stdout;
      const held = /^\.rodata\s+(\d+)/m.exec(sizes)?.[1];
      const stated = Number(/Flash: (\d+) bytes/.exec(header)?.[1]);
      if (held !== undefined) assert.ok(Number(held) <= stated + 512, `${held} of ${stated}`);
      // No variable of the program's own.
      for (const section of ['.data', '.bss'])
        assert.equal(new RegExp(`^\\${section}\\s+(\\d+)`, 'm').exec(sizes)?.[1] ?? '0', '0', section);
    });
  }

test('two models in one file, names and labels of their own', { skip }, () => {
  const labels = ['??/ "quoted" \\', 'zwölf\n', ''];
  writeFileSync(join(folder, 'a.h'), toHeader({ ...smallGraphs.pixels, labels }, { name: 'first' }));
  writeFileSync(
    join(folder, 'b.h'),
    toHeader(smallGraphs.directions, { name: 'second_2', isQuantised: true }),
  );
  const source = `#include <stdio.h>
#include "a.h"
#include "b.h"
#include "a.h"
int main(void) {
    static uint8_t x[SECOND_2_INPUTS];
    for (int k = 0; k < FIRST_CLASSES; k++) printf("%s|", first_labels[k]);
    printf("%d %d %d", first_predict(x, NULL), second_2_predict(x, NULL), FIRST_INPUTS);
    return 0;
}
`;
  writeFileSync(join(folder, 'two.c'), source);
  const made = spawnSync('gcc', [...strict, 'two.c', '-o', 'two', '-lm'], { cwd: folder, encoding: 'utf8' });
  assert.equal(made.status, 0, made.stderr);
  const { stdout } = spawnSync(join(folder, 'two'), { encoding: 'utf8' });
  const wanted = [smallGraphs.pixels, smallGraphs.directions].map(
    (graph) => toFunction(graph)(new Uint8Array(graph.input.reduce((a, b) => a * b))).index,
  );
  assert.equal(stdout, `${labels.join('|')}|${wanted.join(' ')} 120`);
});

test('as C++, which embedded tools compile headers as', { skip }, (t) => {
  if (spawnSync('g++', ['--version']).status !== 0) return t.skip('g++ is not installed');
  for (const [name, graph] of Object.entries(smallGraphs)) {
    writeFileSync(join(folder, `${name}.h`), toHeader(graph));
    writeFileSync(
      join(folder, `${name}.cc`),
      `#include "${name}.h"\nint main() { return MODEL_CLASSES - 3; }\n`,
    );
    const flags = ['-std=c++17', '-Wall', '-Wextra', '-Werror', '-fsyntax-only', `${name}.cc`];
    const made = spawnSync('g++', flags, { cwd: folder, encoding: 'utf8' });
    assert.equal(made.status, 0, made.stderr);
  }
});

test('the example of examples/embedded prints the class of each image', { skip }, () => {
  const graph = smallGraphs.directions;
  writeFileSync(join(folder, 'digits.h'), toHeader(graph, { name: 'digits', isQuantised: true }));
  copyFileSync(new URL('../examples/embedded/main.c', import.meta.url), join(folder, 'main.c'));
  const made = spawnSync('gcc', [...strict, 'main.c', '-o', 'digits', '-lm'], {
    cwd: folder,
    encoding: 'utf8',
  });
  assert.equal(made.status, 0, made.stderr);
  const run = toFunction(quantised(graph));
  const { stdout } = spawnSync(join(folder, 'digits'), { input: joined(graph), encoding: 'utf8' });
  const lines = stdout.trimEnd().split('\n');
  assert.equal(lines.length, seeds.length);
  for (const [i, line] of lines.entries()) {
    const { label, index, probabilities } = run(sampleOf(graph, seeds[i]));
    const [, printed, value] = /^(.*) (\S+)$/.exec(line) ?? [];
    assert.equal(printed, label);
    assert.ok(Math.abs(Number(value) - probabilities[index]) < 1e-3, line);
  }
});

test('names that are no identifiers are refused', () => {
  for (const name of ['', '1a', 'a-b', 'int', 'class', '_x', 'é', 'a b', 'x'.repeat(41)])
    assert.throws(
      () => toHeader(smallGraphs.numbers, { name }),
      (error) =>
        error instanceof UserError &&
        error.exitCode === 2 &&
        /^--name: expected a C ident/.test(error.message),
      name,
    );
});

test('8 bits: a scale for each output, of which the largest weight is 127', () => {
  const { values, scales } = quantiseRows(Float32Array.of(1, -2, 0.5, 0, 0, 0, 3, -3, 1e-9), 3, 3);
  assert.deepEqual([...values], [64, -127, 32, 0, 0, 0, 127, -127, 0]);
  assert.deepEqual([...scales], [Math.fround(2 / 127), 0, Math.fround(3 / 127)]);
  assert.throws(() => quantiseRows(new Float32Array(5), 2, 3), /expected 2×3 values, got 5/);
});

test('equal models, equal headers', () => {
  for (const graph of Object.values(smallGraphs))
    assert.equal(toHeader(graph), toHeader(structuredClone(graph)));
});
