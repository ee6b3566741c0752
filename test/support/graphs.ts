/** Trained models as graphs, with what the predictor says of their test images; and a look at exported modules. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { pathToFileURL } from 'node:url';
import { toModule } from '../../dist/formats/module.js';
import { graphOf } from '../../dist/inference/model-graph.js';
import { savedModel } from '../../dist/inference/saved-model.js';
import { loadKernels } from '../../dist/kernels/load.js';
import type { Graph } from '../../dist/model/op.js';
import { readSafetensorsMetadata } from '../../dist/model/safetensors.js';
import { configured, type Dataset, predict, prepared, readSafetensors, train, weightsFile } from './pairs.ts';

export const folder = mkdtempSync(join(tmpdir(), 'shardstep-formats-'));
after(() => rmSync(folder, { recursive: true, force: true }));

export interface TrainedGraph {
  readonly graph: Graph;
  /** final.safetensors. */
  readonly bytes: Uint8Array;
  /** Of the test images, as the predictor has them: [count][classes]. */
  readonly logits: Float32Array;
  readonly probabilities: Float64Array;
}

/** Null if the words are refused or the loss becomes infinite. */
export async function trainedGraph(words: readonly string[], dataset: Dataset): Promise<TrainedGraph | null> {
  const config = await configured(words);
  const ready = config && prepared(config, dataset);
  const trained = ready && (await train(ready, 1));
  if (!trained) return null;
  const bytes = weightsFile(trained, ready);
  const logits = await predict(ready, bytes, 1);
  const graph = graphOfFile(bytes);
  return { graph, bytes, logits, probabilities: probabilitiesOf(graph, logits) };
}

export function graphOfFile(bytes: Uint8Array): Graph {
  const tensors = readSafetensors(bytes, 'weights');
  return graphOf(savedModel({ tensors, metadata: readSafetensorsMetadata(bytes, 'weights') }, 'weights'));
}

/** Of logits [count][classes], in float64, by the loss of the graph. */
export function probabilitiesOf(graph: Graph, logits: Float32Array): Float64Array {
  const classes = graph.labels.length;
  const [last] = graph.probabilities;
  const out = new Float64Array(logits.length);
  for (let at = 0; at < logits.length; at += classes) {
    const row = logits.subarray(at, at + classes);
    if (last.op === 'softmax') {
      const most = Math.max(...row);
      const sum = row.reduce((total, z) => total + Math.exp(z - most), 0);
      for (let k = 0; k < classes; k++) out[at + k] = Math.exp(row[k] - most) / sum;
    } else {
      const sum = row.reduce((total, z) => total + Math.max(0, z), 0);
      for (let k = 0; k < classes; k++) out[at + k] = sum > 0 ? Math.max(0, row[k]) / sum : 1 / classes;
    }
  }
  return out;
}

/**
 * Of probabilities. Exported direction features round as the kernels with fused multiply-adds do; those of plain SIMD
 * differ by up to 1e-4 themselves.
 */
export const toleranceOf = ({ ops }: Graph): number =>
  ops.some(({ op }) => op === 'directions') && loadKernels().level === 'simd' ? 1e-3 : 1e-5;

export type Predict = (sample: ArrayLike<number>) => {
  readonly label: string;
  readonly index: number;
  readonly probabilities: number[];
};

/** The largest difference of a probability; classes must agree if the two largest outputs differ by more than 1e-4. */
export function difference(
  run: Predict,
  { graph, logits, probabilities }: TrainedGraph,
  images: Uint8Array | Float32Array,
  count: number,
): number {
  const classes = graph.labels.length;
  const size = images.length / (logits.length / classes);
  let most = 0;
  for (let i = 0; i < count; i++) {
    const got = run(images.subarray(i * size, (i + 1) * size));
    const row = logits.subarray(i * classes, (i + 1) * classes);
    const [first, second] = row.toSorted().reverse();
    if (first - second > 1e-4) assert.equal(got.index, row.indexOf(first), `class of image ${i}`);
    assert.equal(got.label, graph.labels[got.index]);
    assert.equal(got.probabilities.length, classes);
    for (let k = 0; k < classes; k++)
      most = Math.max(most, Math.abs(got.probabilities[k] - probabilities[i * classes + k]));
  }
  return most;
}

let modules = 0;

/** Exported to a file and imported from there. */
export async function imported(graph: Graph): Promise<{ predict: Predict; labels: readonly string[] }> {
  const file = join(folder, `model-${modules++}.mjs`);
  writeFileSync(file, toModule(graph));
  return import(pathToFileURL(file).href);
}
