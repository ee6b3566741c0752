/** Checks between keys that need no data: each value is fine by itself, but not beside the other. */

import { type Branch, defaultsSource, given } from './layer.js';
import { type Problem, wording } from './refusal.js';
import { type Config, defaultLocalSteps } from './schema.js';

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
  const { data, optimizer, stop, parallel } = config;
  const { sync } = parallel;
  const isLocal = sync === 'local-sgd';
  const onReplicas = isLocal || sync === 'hogwild';
  const selects = config.train.selective.beta > 0;
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
      broken: directions && config.backend !== 'wasm',
      keys: ['backend', 'data.features.kind'],
      expected: 'wasm where data.features.kind is directions',
      received: config.backend,
    },
    {
      broken: config.backend !== 'tfjs-node' && config.parallel.threadsPerWorker > 1,
      keys: ['parallel.threadsPerWorker', 'backend'],
      expected: '1 where backend is not tfjs-node',
      received: config.parallel.threadsPerWorker,
    },
    {
      broken: onReplicas && directions,
      keys: ['parallel.sync', 'data.features.kind'],
      expected: 'average, sharded or owner where data.features.kind is directions',
      received: sync,
    },
    {
      broken: onReplicas && config.backend !== 'wasm',
      keys: ['parallel.sync', 'backend'],
      expected: 'average, sharded or owner where backend is not wasm',
      received: sync,
    },
    {
      broken: !isLocal && parallel.localSteps !== defaultLocalSteps,
      keys: ['parallel.localSteps', 'parallel.sync'],
      expected: `${defaultLocalSteps}, its default, where parallel.sync is not local-sgd`,
      received: parallel.localSteps,
    },
    {
      broken: !isLocal && parallel.localAfter !== 0,
      keys: ['parallel.localAfter', 'parallel.sync'],
      expected: '0 where parallel.sync is not local-sgd',
      received: parallel.localAfter,
    },
    {
      broken: selects && onReplicas,
      keys: ['train.selective.beta', 'parallel.sync'],
      expected: '0 where parallel.sync is hogwild or local-sgd',
      received: config.train.selective.beta,
    },
    {
      broken: selects && (directions || config.backend !== 'wasm'),
      keys: ['train.selective.beta', directions ? 'data.features.kind' : 'backend'],
      expected: directions ? '0 where data.features.kind is directions' : '0 where backend is not wasm',
      received: config.train.selective.beta,
    },
    {
      broken: config.log.noiseScale && sync !== 'average' && sync !== 'sharded',
      keys: ['log.noiseScale', 'parallel.sync'],
      expected: 'false where parallel.sync is not average or sharded',
      received: true,
    },
    {
      broken: config.log.noiseScale && (directions || selects),
      keys: ['log.noiseScale', directions ? 'data.features.kind' : 'train.selective.beta'],
      expected: `false where ${directions ? 'data.features.kind is directions' : 'train.selective.beta is above 0'}`,
      received: true,
    },
    {
      broken: config.log.noiseScale && parallel.threads === 1,
      keys: ['log.noiseScale', 'parallel.threads'],
      expected: 'false where parallel.threads is 1: it compares the gradients of at least two',
      received: true,
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
