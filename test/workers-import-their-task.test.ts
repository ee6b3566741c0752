/**
 * Piscina loads a task with `require`, and Node.js 20 ends the whole process when a worker is terminated while it requires
 * an ES module, as when a run is refused during its start: one in some hundred. So what is required must import.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { nodes } from './support/nodes.ts';

const pool = JSON.stringify(new URL('../dist/worker/pool.js', import.meta.url).href);
const program = `
  const { fileURLToPath } = await import('node:url');
  const { createRequire } = await import('node:module');
  const { rankFile, openPool } = await import(${pool});
  const file = fileURLToPath(rankFile);
  console.log(typeof (await createRequire(file)(file)));
  for (const share of [0.2, 0.4, 0.6, 0.8]) {
    const workers = openPool(2);
    await new Promise((done) => setTimeout(done, 100 * share));
    await workers.close();
  }
  console.log('closed');
`;

for (const node of nodes())
  test(`the task of a worker is imported, and closing during its start ends the workers only: ${node}`, () => {
    const flags = ['--no-experimental-require-module', '--input-type=module', '-e'];
    const run = spawnSync(node, [...flags, program], { encoding: 'utf8' });
    assert.deepEqual([run.stdout, run.stderr, run.status], ['function\nclosed\n', '', 0]);
  });
