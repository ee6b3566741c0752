/** One run of a variant, and its accuracy, times and images. */
import type { Config } from '../config/schema.js';
import { imagesOf, runLength } from '../plan/run-length.js';
import { ExitCode, UserError } from '../user-error.js';
import { Diverged } from '../worker/session-errors.js';
import type { Cell, CurvePoint } from './cell-store.js';
import type { Bench } from './workbench.js';

export type Measurement = Pick<
  Cell,
  'accuracy' | 'loss' | 'residentMs' | 'steps' | 'images' | 'curve' | 'noiseScale'
>;

/**
 * Trains once from fresh parameters. Evaluations except the last are subtracted from every time: a run evaluated only
 * at its end does not pay for those before. A run that diverges is a result too: its accuracy is null, and its session
 * can only be closed.
 * @throws as trainOnce does, except for divergence.
 */
export async function measureRun(bench: Bench, seed: number, config = bench.config): Promise<Measurement> {
  const { trainer } = bench;
  const { target } = trainer.plan;
  if (target.kind === 'value')
    throw new UserError(
      'a study compares accuracies: expected classes as targets, got values',
      ExitCode.usage,
    );
  const { images, stepsPerEpoch } = runLength(config, trainer.plan.parts.train.count);
  const seen = (step: number) => imagesOf(step, stepsPerEpoch, config.train.batch, images);
  const curve: CurvePoint[] = [];
  let trainedAt = 0;
  let evaluationsMs = 0;
  let lastMs = 0;
  let reached = 0;
  try {
    const outcome = await trainer.train(
      seed,
      {
        step(position) {
          trainedAt = position.elapsedMs;
          reached = position.step;
        },
        evaluation({ step, elapsedMs }, { accuracy }) {
          lastMs = elapsedMs - trainedAt;
          curve.push({ step, images: seen(step), ms: elapsedMs - evaluationsMs, accuracy: accuracy ?? 0 });
          evaluationsMs += lastMs;
        },
      },
      { config },
    );
    return {
      accuracy: outcome.evaluation?.accuracy ?? null,
      loss: outcome.evaluation?.loss ?? null,
      residentMs: outcome.residentMs - (evaluationsMs - lastMs),
      steps: outcome.steps,
      images: outcome.images,
      curve,
      ...(outcome.noiseScale === null ? {} : { noiseScale: outcome.noiseScale.noiseScale }),
    };
  } catch (error) {
    if (!(error instanceof Diverged)) throw error;
    const residentMs = trainedAt - evaluationsMs;
    return { accuracy: null, loss: null, residentMs, steps: reached, images: seen(reached), curve };
  }
}

/** The configuration with the study's evaluations; `train`: images in the training part. */
export function withEvaluations(config: Config, evaluations: number | 'epoch', train: number): Config {
  if (evaluations === 'epoch') return { ...config, stop: { ...config.stop, every: 'epoch' } };
  const { totalSteps } = runLength(config, train);
  return { ...config, stop: { ...config.stop, every: Math.max(1, Math.ceil(totalSteps / evaluations)) } };
}

/** The configuration for this number of steps, in as many epochs as they take. */
export function withSteps(config: Config, steps: number, train: number): Config {
  const { stepsPerEpoch } = runLength(config, train);
  const epochs = Math.ceil(steps / stepsPerEpoch);
  return { ...config, train: { ...config.train, steps, epochs } };
}
