/** What PyTorch gets of a run of ours: the inputs that its encoder makes, float32 in files, and the recipe that it trained with. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { resolveConfig } from '../../dist/config/load.js';
import { heldOut } from '../../dist/data/split.js';
import { TargetScale } from '../../dist/data/transforms/target-scale.js';
import { readWeights, tableKey } from '../../dist/inference/weights-file.js';
import { expandStored, tableSizes } from '../../dist/kernels/expansion.js';
import { loadTable } from '../../dist/tables/training/load-table.js';
import { type TableModel, tableModelOf } from '../../dist/tables/training/table-model.js';
import { root } from '../harness.ts';
import type { Split } from './splits.ts';

/** `run`: the folder of our run; `folder`: where the files go. */
export async function writeForPyTorch({ table, trainFile, testFile }: Split, run: string, folder: string) {
  const { config } = await resolveConfig({
    ...{ file: join(run, 'config.yaml'), overrides: [], environment: {}, directory: root },
  });
  const source = join(run, 'final.safetensors');
  const weights = readWeights(source);
  const model = tableModelOf(weights.metadata[tableKey] ?? '', weights.tensors, source);
  const classes = table.task === 'classes';
  const scale = classes ? null : TargetScale.restore(weights.tensors, 1, source);
  const parts = { train: await rowsOf(trainFile, model), test: await rowsOf(testFile, model) };
  for (const [name, { inputs, targets }] of Object.entries(parts)) {
    const scaled =
      scale === null ? Float32Array.from(targets) : scale.apply(Float32Array.from(targets), [table.target]);
    writeFileSync(join(folder, `${name}.inputs`), inputs);
    writeFileSync(join(folder, `${name}.targets`), scaled);
  }
  const { optimizer, schedule, loss, train, stop, model: network, data } = config;
  if (optimizer.name !== 'adamw' || typeof train.dropout !== 'number')
    throw new Error(`no such recipe for PyTorch: ${optimizer.name}, dropout ${String(train.dropout)}`);
  if (schedule.name !== 'constant' && schedule.name !== 'warmup-linear')
    throw new Error(`no such schedule for PyTorch: ${schedule.name}`);
  const { lr, weightDecay, clip } = optimizer;
  const { batch, epochs, dropout } = train;
  const samples = parts.train.dataset.test;
  const recipe = {
    ...{ classes, inputs: parts.train.width, outputs: classes ? model.target.names.length : 1 },
    ...{ train: samples.count, test: parts.test.dataset.test.count, hidden: network.hidden },
    validation: Math.max(1, heldOut({ train: samples, validation: null }, data.validation)),
    ...{ lr, weightDecay, clip, batch, epochs, dropout, patience: stop.patience },
    warmup: schedule.name === 'constant' ? null : schedule.warmup,
    smoothing: loss.name === 'cross-entropy' ? loss.labelSmoothing : 0,
    // Of the score: that of a logarithm stays in its units.
    scale: scale?.tensors().get('target.scale')?.data[0] ?? 1,
  };
  writeFileSync(join(folder, 'recipe.json'), JSON.stringify(recipe));
}

async function rowsOf(file: string, model: TableModel) {
  const dataset = await loadTable(
    { dir: file, testFile: null, test: null, task: 'auto', target: null, columns: {} },
    {
      ...{ note() {}, warn() {}, signal: new AbortController().signal },
      ...{ model, evaluates: true },
    },
  );
  const { values, targets, count } = dataset.test;
  const { table } = model.encoder;
  const { fields, width } = tableSizes(table);
  const inputs = new Float32Array(count * width);
  for (let row = 0; row < count; row++)
    expandStored(
      table,
      Float32Array.from(values.subarray(row * fields, (row + 1) * fields)),
      inputs.subarray(row * width, (row + 1) * width),
    );
  return { inputs, targets, width, dataset };
}
