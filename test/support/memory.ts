/** Runs on samples in memory, set up as a program does: the settings that were not given are fitted to them. */
import { resolveConfig } from '../../dist/config/load.js';
import type { Config } from '../../dist/config/schema.js';
import { planFor, type Setup, withSetup } from '../../dist/coordinator/setup.js';
import { withTrainer } from '../../dist/coordinator/trainer.js';
import type { RunOutcome } from '../../dist/coordinator/training-run.js';
import type { Evaluation } from '../../dist/coordinator/work.js';
import type { Dataset } from '../../dist/data/dataset.js';
import { type MemoryData, memoryDataset } from '../../dist/data/memory-set.js';
import { Predictor } from '../../dist/inference/predictor.js';
import type { Tensor } from '../../dist/model/safetensors.js';

export interface MemoryRun {
  readonly config: Config;
  readonly dataset: Dataset;
  readonly outcome: RunOutcome;
  /** In order. */
  readonly evaluations: readonly Evaluation[];
  /** Of the network and of its transforms. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly packing: string;
  readonly notes: readonly string[];
  /** Logits of samples outside the session. */
  predict(samples: Uint8Array | Float32Array): Promise<Float32Array>;
}

const cores = { physical: 2, logical: 2, available: 2 };

export async function setUp<T>(
  data: MemoryData | Dataset,
  words: readonly string[],
  use: (setup: Setup, notes: readonly string[]) => Promise<T>,
): Promise<T> {
  const dataset = 'sha256' in data ? data : memoryDataset(data);
  const overrides = [`data.set=${dataset.name}`, ...words];
  const { config, given } = await resolveConfig({ file: null, overrides, environment: {} });
  const notes: string[] = [];
  return withSetup(
    {
      ...{ config, cores, given, dataset, startsWorkers: false },
      signal: new AbortController().signal,
      note: (line) => notes.push(line),
      warn: () => {},
    },
    (setup) => use(setup, notes),
  );
}

export async function trainOn(
  data: MemoryData | Dataset,
  words: readonly string[],
  threads = 1,
): Promise<MemoryRun> {
  return setUp(data, words, (setup, notes) =>
    withTrainer(setup, planFor(setup, threads), async (trainer) => {
      const { config, dataset, data: prepared, kernels } = setup;
      const evaluations: Evaluation[] = [];
      const evaluation = (_: unknown, found: Evaluation) => evaluations.push(found);
      const outcome = await trainer.train(config.seed, { evaluation });
      const { pipeline, facts } = prepared;
      const tensors = new Map([...trainer.session.parameters(), ...pipeline.tensors()]);
      const { packing } = trainer.plan.input;
      return {
        ...{ config, dataset, outcome, evaluations, tensors, packing, notes },
        async predict(samples) {
          if (kernels === null) throw new Error('the predictor needs kernels');
          const predictor = await Predictor.open({ config, facts, pipeline }, tensors, kernels, 'weights');
          return predictor.predict(samples);
        },
      };
    }),
  );
}

/** The class of each row of logits. */
export function chosen(logits: Float32Array, classes: number): number[] {
  return Array.from({ length: logits.length / classes }, (_, row) => {
    const of = logits.subarray(row * classes, (row + 1) * classes);
    return of.indexOf(Math.max(...of));
  });
}

/** mulberry32. */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Three arms of a spiral in the plane, moved and stretched: units and offsets of real measurements. */
export function spirals(count: number, seed: number): { inputs: Float32Array; targets: number[] } {
  const random = randomFrom(seed);
  const inputs = new Float32Array(count * 2);
  const targets = Array.from({ length: count }, (_, i) => i % 3);
  for (const [i, arm] of targets.entries()) {
    const radius = 0.1 + 0.9 * random();
    const angle = 4 * radius + (2 * Math.PI * arm) / 3 + 0.1 * (random() - 0.5);
    inputs[2 * i] = 300 + 50 * radius * Math.cos(angle);
    inputs[2 * i + 1] = -0.02 + 0.001 * radius * Math.sin(angle);
  }
  return { inputs, targets };
}
