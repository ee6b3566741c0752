/** The one question about a loss that workers ask; the schema would bring its library into each of them. */
import type { Config } from './schema.js';

/** Share of the target spread evenly over all classes; 0 for a loss that has no such key. */
export function labelSmoothingOf(chosen: Config['loss']): number {
  return 'labelSmoothing' in chosen ? chosen.labelSmoothing : 0;
}
