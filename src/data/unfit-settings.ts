/** Settings that only pixels, or only images, have. Samples of another kind are refused beside them. */
import { realNormalisations } from '../config/choices.js';
import type { Config } from '../config/schema.js';
import { ExitCode, expectedGot, UserError } from '../user-error.js';
import type { Samples } from './dataset.js';
import { type Shape, sampleKind } from './transforms/transform.js';

type Data = Config['data'];

export interface UnfitSetting {
  readonly key: string;
  readonly received: unknown;
  /** The value that fits. */
  readonly instead: unknown;
  /** Values that fit, as words. */
  readonly expected: string;
  readonly why: string;
  /** The same settings with the value that fits. */
  fit(data: Data): Data;
}

interface Rule {
  readonly key: string;
  /** images: grey images of rows and columns; pixels: any samples of bytes. */
  readonly of: 'images' | 'pixels';
  readonly expected?: string;
  readonly value: (data: Data) => unknown;
  readonly fits: (data: Data) => boolean;
  readonly fit: (data: Data) => Data;
}

/** A key of `data` that must have one value. */
const only = <K extends keyof Data>(key: K, of: Rule['of'], instead: Data[K]): Rule => ({
  key: `data.${key}`,
  of,
  value: (data) => data[key],
  fits: (data) => data[key] === instead,
  fit: (data) => ({ ...data, [key]: instead }),
});

const rules: readonly Rule[] = [
  {
    key: 'data.features.kind',
    of: 'images',
    value: ({ features }) => features.kind,
    fits: ({ features }) => features.kind === 'pixels',
    fit: (data) => ({ ...data, features: { ...data.features, kind: 'pixels' } }),
  },
  only('pool', 'images', 1),
  only('crop', 'images', 0),
  only('momentNormalise', 'images', false),
  only('scale', 'pixels', 'auto'),
  {
    ...only('normalise', 'pixels', 'standardise'),
    expected: 'standardise, centre or none',
    fits: ({ normalise }) => realNormalisations.some((kind) => kind === normalise),
  },
  only('normaliseEpsilon', 'pixels', 0.01),
  {
    ...only('packing', 'pixels', 'auto'),
    expected: 'auto or dense',
    fits: ({ packing }) => packing !== 'sparse',
  },
];

/** Empty for grey images of pixels. */
export function unfitSettings(
  data: Data,
  samples: Pick<Samples, 'values' | 'shape' | 'table' | 'rows'>,
): UnfitSetting[] {
  const { shape, table } = samples;
  const isReal = sampleKind(samples) === 'float32';
  const why =
    table !== undefined
      ? 'a table has an encoder of its own'
      : isReal
        ? 'the inputs are real numbers'
        : `samples of ${inWords(shape)} are no grey images`;
  return rules.flatMap((rule) => {
    const { key, of, fit } = rule;
    // Of a table, the default of pixels says nothing.
    const isDefault = table !== undefined && rule.key === 'data.normalise' && data.normalise === 'mnist';
    if (isDefault || rule.fits(data) || !(isReal || (of === 'images' && !isGreyImage(shape)))) return [];
    const instead = rule.value(fit(data));
    return [
      { key, received: rule.value(data), instead, expected: rule.expected ?? String(instead), why, fit },
    ];
  });
}

/** @throws UserError (usage) naming the first setting that does not fit the samples. */
export function refuseUnfit(data: Data, samples: Pick<Samples, 'values' | 'shape' | 'table' | 'rows'>): void {
  const [unfit] = unfitSettings(data, samples);
  if (unfit === undefined) return;
  const { key, expected, received, why } = unfit;
  throw new UserError(`${key}: ${expectedGot(expected, received)}: ${why}`, ExitCode.usage, {
    refused: { key, expected, received },
  });
}

const isGreyImage = ([, , channels, ...more]: Shape): boolean => channels === 1 && more.length === 0;

const inWords = (shape: Shape): string => (shape.length === 1 ? `${shape[0]} values` : shape.join('×'));
