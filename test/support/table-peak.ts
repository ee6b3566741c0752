/** Prints by how much the peak of this process rises while a large table is read and packed, after a small one was. */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolveConfig } from '../../dist/config/load.js';
import { prepareData } from '../../dist/coordinator/prepare-data.js';
import { atOnce } from '../../dist/numbers/steps.js';
import { fillConstants, fillingSamples } from '../../dist/plan/fill-memory.js';
import { makePlan } from '../../dist/plan/make-plan.js';
import { loadTable } from '../../dist/tables/training/load-table.js';

const status = (name: string) =>
  1024 * Number(new RegExp(`${name}:\\s+(\\d+)`).exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);

async function packed(dir: string): Promise<number> {
  const overrides = ['data.set=table', `data.dir=${dir}`, 'data.validation=0.1', 'loss.name=squared-error'];
  const { config } = await resolveConfig({ file: null, overrides, environment: {} });
  const { signal } = new AbortController();
  const dataset = await loadTable(config.data, {
    ...{ note() {}, warn() {}, signal, model: null, evaluates: false },
  });
  const data = prepareData(dataset, config);
  const plan = makePlan(config, data.facts, 1, 2, null);
  const pages = Math.ceil(plan.bytes / 2 ** 16);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  fillConstants(plan, data, memory);
  atOnce(fillingSamples(plan, data, memory, null, true));
  const { parts } = data;
  const sums = [parts.train, parts.validation, parts.test].map(({ values }) => {
    // What is packed are the rows.
    if (!values.values.some((value) => value !== 0)) throw new Error('rows that are zeros');
    return values.count;
  });
  return sums.reduce((sum, count) => sum + count, 0);
}

const [small, large] = process.argv.slice(2);
await packed(small);
writeFileSync('/proc/self/clear_refs', '5');
const before = status('VmRSS');
const count = await packed(large);
process.stdout.write(JSON.stringify({ peak: status('VmHWM') - before, packed: count }));
