/** Warnings about data that can be trained on but are unusual; given once, before a run. */
import type { Config } from '../config/schema.js';
import type { Warning } from '../warnings.js';
import type { PartName, Samples } from './dataset.js';
import type { Pipeline } from './transforms/pipeline.js';
import { fullLight, fullOf, largestValue } from './transforms/range.js';

type Parts = Readonly<Record<PartName, Samples>>;

/** `restored`: the range is that of the weights that the run starts from. */
export function rangeWarnings(
  parts: Parts,
  { data }: Config,
  pipeline: Pipeline,
  restored: boolean,
): Warning[] {
  const full = fullOf(pipeline.tensors());
  const warning = (message: string): Warning => ({ code: 'value-range', message });
  const reached = largestValue(parts.train.values);
  if (data.scale === 'auto' && !restored && full !== fullLight)
    return [
      warning(
        `the training values reach only ${full}: ${full} counts as full light instead of 255 (data.scale=255 keeps the values)`,
      ),
      ...beyond(parts, full).map(warning),
    ];
  if (restored && full === fullLight && reached > 0 && reached < fullLight / 10)
    return [
      warning(
        `the training values reach only ${reached}, but 255 is full light for the weights of model.init.file`,
      ),
    ];
  return beyond(parts, full).map(warning);
}

/** Parts whose values exceed the range. */
function beyond(parts: Parts, full: number): string[] {
  if (full === fullLight) return [];
  return Object.entries(parts).flatMap(([name, { values }]) => {
    const index = values.findIndex((value) => value > full);
    return index < 0
      ? []
      : [`${name} part: the value ${values[index]} is above full light, ${full}, and counts as full light`];
  });
}

/** Classes that are in one part and not in another. */
export function classWarnings(parts: Parts, labels: readonly string[]): Warning[] {
  const classes = labels.length;
  return Object.entries(parts).flatMap(([name, { count, targets }]): Warning[] => {
    if (count === 0) return [];
    const seen = new Uint8Array(classes);
    for (let i = 0; i < count; i++) seen[targets[i]] = 1;
    const missing = Array.from(seen.keys()).filter((c) => seen[c] === 0);
    if (missing.length === 0) return [];
    const [which, verb] = missing.length === 1 ? ['class', 'has'] : ['classes', 'have'];
    const names = missing.slice(0, 5).map((c) => labels[c]);
    const shown = `${names.join(', ')}${missing.length > 5 ? ', …' : ''}`;
    const message = `${missing.length} of ${classes} ${which} ${verb} no image in the ${name} part: ${shown}`;
    return [{ code: 'class-missing', message }];
  });
}
