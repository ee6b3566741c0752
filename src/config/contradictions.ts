/** Checks between keys that need no data: each value is fine by itself, but not beside the other. */

import { isLinear } from '../data/transforms/linear-map.js';
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

/** Strategies in which everyone waits until the gradient of the whole batch is there. */
const synchronous: readonly string[] = ['average', 'sharded', 'owner'];

function rules(config: Config, environment: Readonly<Record<string, string | undefined>>): Rule[] {
  const { data, optimizer, parallel, stop, train } = config;
  const { sync } = parallel;
  const isLocal = sync === 'local-sgd';
  const onReplicas = isLocal || sync === 'hogwild';
  const selects = train.selective.beta > 0;
  const nesterovAlone = optimizer.name === 'sgd' && optimizer.nesterov && optimizer.momentum === 0;
  const linear = isLinear(data.normalise);
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
      broken: directions && linear,
      keys: ['data.normalise', 'data.features.kind'],
      expected:
        'mnist, centre or none where data.features.kind is directions: features have a scale of their own',
      received: data.normalise,
    },
    {
      broken: directions && data.momentNormalise,
      keys: ['data.momentNormalise', 'data.features.kind'],
      expected: 'false where data.features.kind is directions: features are of normalised images',
      received: data.momentNormalise,
    },
    {
      broken: linear && data.packing === 'sparse',
      keys: ['data.packing', 'data.normalise'],
      expected: `auto or dense where data.normalise is ${data.normalise}`,
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
      broken: onReplicas && directions,
      keys: ['parallel.sync', 'data.features.kind'],
      expected: 'average, sharded or owner where data.features.kind is directions',
      received: sync,
    },
    {
      broken: onReplicas && config.backend.name !== 'wasm',
      keys: ['parallel.sync', 'backend'],
      expected: 'average, sharded or owner where backend is not wasm',
      received: sync,
    },
    {
      broken: onReplicas && train.tailAverage > 0,
      keys: ['train.tailAverage', 'parallel.sync'],
      expected: `0 where parallel.sync is ${sync}: the workers' weights are one only now and then`,
      received: train.tailAverage,
    },
    {
      broken: onReplicas && stop.restoreBest,
      keys: ['stop.restoreBest', 'parallel.sync'],
      expected: `false where parallel.sync is ${sync}: the workers' weights are one only now and then`,
      received: true,
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
      broken: selects && (directions || config.backend.name !== 'wasm'),
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
      broken: optimizer.name === 'lars' && config.backend.name === 'js',
      keys: ['optimizer.name', 'backend'],
      expected: 'sgd or adam where backend is js',
      received: optimizer.name,
    },
    {
      broken: optimizer.name === 'lars' && !synchronous.includes(parallel.sync),
      keys: ['optimizer.name', 'parallel.sync'],
      expected: `sgd or adam where parallel.sync is ${parallel.sync}: lars needs the gradient of the whole batch`,
      received: optimizer.name,
    },
    {
      broken: optimizer.batchScaling === 'sqrt' && optimizer.referenceBatch === null,
      keys: ['optimizer.batchScaling', 'optimizer.referenceBatch'],
      expected: 'linear where optimizer.referenceBatch is null',
      received: optimizer.batchScaling,
    },
    {
      broken: train.tailAverage > 0 && stop.patience !== null,
      keys: ['train.tailAverage', 'stop.patience'],
      expected: '0 where stop.patience is given: the tail is a share of a run whose length is known',
      received: train.tailAverage,
    },
    {
      broken: train.tailAverage > 0 && stop.restoreBest,
      keys: ['train.tailAverage', 'stop.restoreBest'],
      expected: '0 where stop.restoreBest is true',
      received: train.tailAverage,
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
