/** What a backend adds where the inputs are direction features, made and standardised within the run. */
import type { PartName } from '../data/dataset.js';
import type { Backend, ShardResult } from './backend.js';

/** Steps that one rank takes by itself; see RunCommand for the first three. */
export interface SoloSteps {
  readonly count: number;
  readonly firstSample: number;
  readonly epochSamples: number;
  /** Byte offsets: f64 learning rates [count], and where loss sum and hits (2 f64) of each step go. */
  readonly rates: number;
  readonly metrics: number;
  readonly metricsStride: number;
}

export interface FeatureBackend extends Backend {
  /** Mean and scale from the sums of the run's `images` training images. */
  fitTransform(images: number): void;

  /** After the parameters have changed, before blocks are evaluated. */
  beginEvaluation(): void;

  /** Loss and hits of one chunk of a part, from its feature blocks at `blocks`. */
  evaluateBlocks(part: PartName, chunk: number, blocks: number, result: ShardResult): void;

  /** Whole steps without anyone else. */
  trainAlone(steps: SoloSteps): void;
}
