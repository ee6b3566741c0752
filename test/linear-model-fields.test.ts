import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { linearModelFields } from '../dist/kernels/directions/linear-model.js';

test('the table of the linear kernels has the fields that its writer writes, in the same order', () => {
  const file = new URL('../src/kernels/directions/assembly/linear/model.ts', import.meta.url);
  const body = /class LinearModel \{([^}]*)\}/.exec(readFileSync(file, 'utf8'))?.[1] ?? '';
  const fields = [...body.matchAll(/^ {2}(\w+): (\w+);$/gm)].map(([, name, type]) => [name, type]);
  assert.deepEqual(fields, Object.entries(linearModelFields));
});
