/** Checks between keys that need no data: each value is fine by itself, but not beside the other. */

import { type Branch, defaultsSource, given } from './layer.js';
import { type Problem, wording } from './refusal.js';
import type { Config } from './schema.js';

interface Rule {
  readonly broken: boolean;
  /** The key to blame, then the one that it contradicts. */
  readonly keys: readonly [string, string];
  readonly expected: string;
  readonly received: unknown;
}

export function contradictions(
  config: Config,
  layers: Branch,
  environment: Readonly<Record<string, string | undefined>>,
): Problem[] {
  return rules(config, environment)
    .filter(({ broken }) => broken)
    .map(({ keys, expected, received }) => ({
      source: laterSource(keys, layers),
      path: keys[0].split('.'),
      text: wording(expected, received),
    }));
}

function rules(config: Config, environment: Readonly<Record<string, string | undefined>>): Rule[] {
  const { data, optimizer, stop } = config;
  const nesterovAlone = optimizer.name === 'sgd' && optimizer.nesterov && optimizer.momentum === 0;
  const directions = data.features.kind === 'directions';
  return [
    {
      broken: directions && data.pool !== 1,
      keys: ['data.pool', 'data.features.kind'],
      expected: '1 where data.features.kind is directions',
      received: data.pool,
    },
    {
      broken: directions && data.crop !== 0,
      keys: ['data.crop', 'data.features.kind'],
      expected: '0 where data.features.kind is directions',
      received: data.crop,
    },
    {
      broken: directions && data.packing === 'sparse',
      keys: ['data.packing', 'data.features.kind'],
      expected: 'auto or dense where data.features.kind is directions',
      received: data.packing,
    },
    {
      broken: directions && config.train.batch % 8 !== 0,
      keys: ['train.batch', 'data.features.kind'],
      expected: 'a multiple of 8 where data.features.kind is directions',
      received: config.train.batch,
    },
    {
      broken: directions && data.features.quadratic > 0 && config.model.hidden.length > 0,
      keys: ['model.hidden', 'data.features.quadratic'],
      expected: '[] where data.features.quadratic is above 0',
      received: config.model.hidden,
    },
    {
      broken:
        config.model.init.kind === 'zero' &&
        config.model.init.file === null &&
        config.model.hidden.length > 0,
      keys: ['model.init.kind', 'model.hidden'],
      expected: 'another initialisation than zero where model.hidden is not []',
      received: config.model.init.kind,
    },
    {
      broken: directions && config.backend.name !== 'wasm',
      keys: ['backend', 'data.features.kind'],
      expected: 'wasm where data.features.kind is directions',
      received: config.backend.name,
    },
    {
      broken: nesterovAlone,
      keys: ['optimizer.nesterov', 'optimizer.momentum'],
      expected: 'false where optimizer.momentum is 0',
      received: true,
    },
    {
      broken: stop.on === 'validation' && data.validation === 0,
      keys: ['stop.on', 'data.validation'],
      expected: 'test, or data.validation above 0',
      received: stop.on,
    },
    {
      broken: (data.set === 'idx' || data.set === 'csv') && data.dir === null && !environment.SHARDSTEP_DATA,
      keys: ['data.dir', 'data.set'],
      expected: `a folder, since data.set is ${data.set} (or set SHARDSTEP_DATA)`,
      received: data.dir,
    },
  ];
}

/** Of two keys that don't go together, the one given last made them contradict each other. */
function laterSource(keys: readonly string[], layers: Branch): string {
  const sources = keys.flatMap((key) => given(layers, key.split('.'))?.source ?? []);
  return sources.reduce((last, source) => (source.rank > last.rank ? source : last), defaultsSource).label;
}
