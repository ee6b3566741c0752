/** Metrics of a regression, in the units of the targets: means over the targets, as scikit-learn's. */
import { type JudgedValues, meanOfDefined } from './judged.js';

export interface ValueScores {
  readonly rmse: number;
  readonly mae: number;
  /** 1 − squared errors over squared distances from the mean; null if all targets are equal. */
  readonly r2: number | null;
}

/** Of target k. */
export function scoresOfTarget({ width, predicted, targets }: JudgedValues, k: number): ValueScores {
  const count = targets.length / width;
  let sum = 0;
  for (let i = 0; i < count; i++) sum += targets[i * width + k];
  const mean = sum / count;
  let [squares, distances, spread] = [0, 0, 0];
  for (let i = 0; i < count; i++) {
    const target = targets[i * width + k];
    const error = predicted[i * width + k] - target;
    squares += error * error;
    distances += Math.abs(error);
    spread += (target - mean) * (target - mean);
  }
  return {
    rmse: Math.sqrt(squares / count),
    mae: distances / count,
    r2: spread > 0 ? 1 - squares / spread : null,
  };
}

export function valueScores(judged: JudgedValues) {
  const each = Array.from({ length: judged.width }, (_, k) => scoresOfTarget(judged, k));
  return {
    rmse: () => meanOfDefined(each.map(({ rmse }) => rmse)),
    mae: () => meanOfDefined(each.map(({ mae }) => mae)),
    r2: () => meanOfDefined(each.map(({ r2 }) => r2)),
  };
}
