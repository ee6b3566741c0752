/**
 * The bits of many runs, to verify that a change of the code changes none of them. Trains a wide set of
 * configurations through the command line and records, or compares, the SHA-256 of each tensor of final.safetensors and of
 * metrics.csv without its times. `--root` runs another build; bits are those of one runtime and kernel level.
 * `--env NAME=value` gives the runs a variable that they do not inherit.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bitCases } from './record-bits/cases.ts';
import { type Bits, bitRecord, differences, incomparable, runtimeNotes } from './record-bits/compare.ts';
import { Build, writeImages } from './record-bits/run.ts';

const { values: options } = parseArgs({
  options: {
    root: { type: 'string', default: fileURLToPath(new URL('../', import.meta.url)) },
    out: { type: 'string' },
    compare: { type: 'string' },
    only: { type: 'string', default: '' },
    jobs: { type: 'string', default: '2' },
    env: { type: 'string', multiple: true, default: [] },
  },
});

const build = new Build(path.resolve(options.root), options.env);
const runtime = await build.runtime();
const before =
  options.compare === undefined ? null : bitRecord.parse(JSON.parse(readFileSync(options.compare, 'utf8')));
const refusal = before && incomparable(before.runtime, runtime);
if (refusal !== null) {
  console.error(`${options.compare}: ${refusal}`);
  process.exit(2);
}

const needsTensorFlow = (name: string) => name.startsWith('tfjs-node ');
const asked = (name: string) =>
  name.includes(options.only) && !(runtime.tensorflow === null && needsTensorFlow(name));
const chosen = bitCases().filter(([name]) => asked(name));
const folder = mkdtempSync(path.join(tmpdir(), 'shardstep-bits-'));
const recorded = new Map<string, Bits>();

async function record([name, words]: (typeof chosen)[number], data: string): Promise<void> {
  const small = words.includes('--config') ? [] : ['--config', 'fastmlp', 'data.set=idx', `data.dir=${data}`];
  const out = path.join(folder, name.replace(/[^\w.=,-]+/g, '_').slice(0, 120));
  const { bits, stderr } = await build.bitsOf([...small, ...words], out);
  recorded.set(name, bits);
  // A refusal that the record has too is not shown.
  if (stderr !== '' && before?.cases[name]?.exit !== bits.exit)
    console.error(`${name}: exit ${bits.exit}\n${stderr.trimEnd()}`);
}

try {
  const data = path.join(folder, 'data');
  writeImages(data);
  let next = 0;
  const job = async () => {
    for (let at = next++; at < chosen.length; at = next++) await record(chosen[at], data);
  };
  await Promise.all(Array.from({ length: Number(options.jobs) }, job));
} finally {
  rmSync(folder, { recursive: true });
}

const cases = Object.fromEntries([...recorded].sort(([a], [b]) => (a < b ? -1 : 1)));
const { node, arch, wasmLevel, tensorflow } = runtime;
console.log(`${chosen.length} configurations on Node ${node}, ${arch}, WebAssembly ${wasmLevel}`);
if (tensorflow === null)
  console.log('those of tfjs-node are left out: it is not set up (npm run setup:tfjs)');
if (options.out !== undefined) writeFileSync(options.out, `${JSON.stringify({ runtime, cases }, null, 1)}\n`);
if (before !== null) {
  const found = differences(before.cases, cases, asked);
  for (const line of [...runtimeNotes(before.runtime, runtime), ...found]) console.log(line);
  console.log(`${found.length} of ${chosen.length} differ`);
  process.exitCode = found.length === 0 ? 0 : 1;
}
