/** Warnings about data that can be trained on but are unusual; given once, before a run. */
import type { Config } from '../config/schema.js';
import type { Tensor } from '../model/safetensors.js';
import { atOnce, rowsAStep, type Steps } from '../numbers/steps.js';
import type { Warning } from '../warnings.js';
import type { PartName, Samples } from './dataset.js';
import { isKnownSet } from './known-sets.js';
import { classesIn, type Target } from './target.js';
import type { Pipeline } from './transforms/pipeline.js';
import { fullLight, fullOf } from './transforms/range.js';
import { sampleKind } from './transforms/transform.js';

type Parts = Readonly<Record<PartName, Samples>>;

/**
 * Of the user's own files; the sets known by name are as published. `stored`: full light of the weights that the run
 * starts from; null without any.
 */
export function rangeWarnings(
  parts: Parts,
  config: Config,
  pipeline: Pipeline,
  stored: number | null,
): Warning[] {
  if (isKnownSet(config.data.set) || sampleKind(parts.train) === 'float32') return [];
  const full = fullOf(pipeline.tensors());
  const train = rangeOfValues(parts.train);
  const others = Object.entries(parts).filter(([name, { count }]) => name !== 'train' && count > 0);
  const messages = [
    ...scaleMessages(config.data.scale, full, stored),
    ...(config.data.scale === 'auto' ? shapeMessages(train, full) : []),
    ...others.flatMap(([name, part]) => partMessages(name, rangeOfValues(part), train.most, full)),
  ];
  return messages.map(valueRange);
}

const valueRange = (message: string): Warning => ({ code: 'value-range', message });

/** As evaluatingRange, without a pause. */
export const evaluatedRange = (...given: Parameters<typeof evaluatingRange>): Warning[] =>
  atOnce(evaluatingRange(...given));

/** Of samples that a network is evaluated on, far from the light that it was trained on. */
export function* evaluatingRange(
  test: Pick<Samples, 'values' | 'rows'>,
  tensors: ReadonlyMap<string, Tensor>,
): Steps<Warning[]> {
  if (sampleKind(test) === 'float32') return [];
  const full = fullOf(tensors);
  return partMessages('test', yield* measuringRange(test), full, full).map(valueRange);
}

/** Values of a part: the smallest, the largest, and what 99.9 % of those above 0 do not exceed. */
interface ValueRange {
  readonly least: number;
  readonly most: number;
  readonly usual: number;
}

const rangeOfValues = (samples: Pick<Samples, 'values'>): ValueRange => atOnce(measuringRange(samples));

function* measuringRange({ values }: Pick<Samples, 'values'>): Steps<ValueRange> {
  const counts = new Float64Array(256);
  const step = rowsAStep(16);
  for (let first = 0; first < values.length; first += step) {
    const last = Math.min(values.length, first + step);
    for (let i = first; i < last; i++) counts[values[i]] += 1;
    yield null;
  }
  const least = counts.findIndex((n) => n > 0);
  const most = counts.findLastIndex((n) => n > 0);
  let left = 0.999 * (values.length - counts[0]);
  const usual = counts.findIndex((n, value) => {
    if (value > 0) left -= n;
    return left <= 0;
  });
  return { least, most, usual };
}

function scaleMessages(scale: Config['data']['scale'], full: number, stored: number | null): string[] {
  if (stored !== null && full !== stored)
    return [
      `the weights of model.init.file had full light at ${stored}, these values have it at ${full} (data.scale)`,
    ];
  if (scale !== 'auto' || full === fullLight || stored !== null) return [];
  return [
    `the training values reach only ${full}: ${full} counts as full light instead of 255 (data.scale=255 keeps the values)`,
  ];
}

function shapeMessages({ least, most, usual }: ValueRange, full: number): string[] {
  if (least > 0 && most - least < most / 4)
    return [`all training values are from ${least} to ${most}: they have hardly any contrast`];
  return usual > 0 && 2 * usual < Math.min(most, full)
    ? [
        `99.9 % of the training values above 0 are at most ${usual}, but ${most} occurs: data.scale=${usual} may be meant`,
      ]
    : [];
}

/** `trained`: the largest training value. */
function partMessages(name: string, part: ValueRange, trained: number, full: number): string[] {
  if (part.most > full)
    return [`${name} part: the value ${part.most} is above full light, ${full}, and counts as full light`];
  if (2 * part.most < trained)
    return [`${name} part: the values reach only ${part.most}, those of the training part ${trained}`];
  return [];
}

/** Classes that have images, but none in one of the parts; in the training part, among the images that a run uses. */
export function classWarnings(parts: Parts, target: Target, { data }: Config): Warning[] {
  if (target.kind === 'value') return [];
  const { labels } = target;
  const { take, shuffle } = data;
  const all = Object.entries(parts).map(([name, part]) => {
    const targets = classesIn(part.targets);
    const present = presentIn(targets, labels.length);
    const leading = name === 'train' && take !== null && !shuffle ? targets.subarray(0, take) : null;
    const used = leading === null ? present : presentIn(leading, labels.length);
    return { name, count: part.count, present, used };
  });
  const warning = (message: string): Warning => ({ code: 'class-missing', message });
  const existing = [...labels.keys()].filter((c) => all.some(({ present }) => present[c] === 1));
  return [
    ...(take !== null && take < existing.length
      ? [warning(`data.take=${take} is fewer images than the ${existing.length} classes`)]
      : []),
    ...unusedOutputs(existing.length, labels.length).map(warning),
    ...all.flatMap(({ name, count, used }) => {
      const missing = existing.filter((c) => used[c] === 0);
      if (count === 0 || missing.length === 0) return [];
      const names = missing.slice(0, 5).map((c) => labels[c]);
      const shown = `${names.join(', ')}${missing.length > 5 ? ', …' : ''}`;
      const have = missing.length === 1 ? 'has' : 'have';
      return [
        warning(
          `${missing.length} of ${existing.length} classes ${have} no image in the ${name} part: ${shown}`,
        ),
      ];
    }),
  ];
}

/** Labels such as 1 to 26 leave an output unused, which is no harm; labels such as 0 and 255 are hardly meant so. */
function unusedOutputs(existing: number, outputs: number): string[] {
  return 2 * existing < outputs
    ? [`only ${existing} of the ${outputs} classes up to the largest label have images`]
    : [];
}

function presentIn(targets: Uint32Array, classes: number): Uint8Array {
  const present = new Uint8Array(classes);
  for (let i = 0; i < targets.length; i++) present[targets[i]] = 1;
  return present;
}
