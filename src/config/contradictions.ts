/**
 * Checks between keys that need no data: each value is valid by itself, but not beside the other. Choices that need
 * what another does not offer are in the tables of capabilities.ts; this file has the rules of any other form.
 */

import { type Misfit, misfits } from './capabilities.js';
import { givenSets } from './choices.js';
import { type Branch, defaultsSource, given, valueAt } from './layer.js';
import { type Problem, wording } from './refusal.js';
import { type Config, defaultLocalSteps } from './schema.js';
import { targetRules } from './target-rules.js';

/** What is received is the value of the first key. */
interface Rule extends Omit<Misfit, 'received'> {
  readonly broken: boolean;
}

export function contradictions(
  config: Config,
  layers: Branch,
  environment: Readonly<Record<string, string | undefined>>,
): Problem[] {
  const broken = rules(config, environment)
    .filter((rule) => rule.broken)
    .map((rule) => ({ ...rule, received: valueAt(config, rule.keys[0].split('.')) }));
  return [...misfits(config), ...broken].map(({ keys, expected, received }) => ({
    source: laterSource(keys, layers),
    path: keys[0].split('.'),
    text: wording(expected, received),
    keys,
  }));
}

/** Values of `stop` in a run that evaluates nothing. */
export const withoutEvaluation = {
  target: null,
  patience: null,
  restoreBest: false,
  every: 'epoch',
} as const;

export const evaluationsNeeded = 'the accuracy of an epoch is of changing weights';

function rules(config: Config, environment: Readonly<Record<string, string | undefined>>): Rule[] {
  const { checkpoint, data, log, model, optimizer, parallel, stop, train } = config;
  const isLocal = parallel.sync === 'local-sgd';
  return [
    {
      broken: model.init.kind === 'zero' && model.init.file === null && model.hidden.length > 0,
      keys: ['model.init.kind', 'model.hidden'],
      expected: 'another initialisation than zero if model.hidden is not []',
    },
    {
      broken: !isLocal && parallel.localSteps !== defaultLocalSteps,
      keys: ['parallel.localSteps', 'parallel.sync'],
      expected: `${defaultLocalSteps}, its default, if parallel.sync is not local-sgd`,
    },
    {
      broken: !isLocal && parallel.localAfter !== 0,
      keys: ['parallel.localAfter', 'parallel.sync'],
      expected: '0 if parallel.sync is not local-sgd',
    },
    {
      broken: log.noiseScale && parallel.threads === 1,
      keys: ['log.noiseScale', 'parallel.threads'],
      expected: 'false if parallel.threads is 1: it compares the gradients of at least two',
    },
    {
      broken: optimizer.name === 'sgd' && optimizer.nesterov && optimizer.momentum === 0,
      keys: ['optimizer.nesterov', 'optimizer.momentum'],
      expected: 'false if optimizer.momentum is 0',
    },
    {
      broken: optimizer.batchScaling === 'sqrt' && optimizer.referenceBatch === null,
      keys: ['optimizer.batchScaling', 'optimizer.referenceBatch'],
      expected: 'linear if optimizer.referenceBatch is null',
    },
    {
      broken: typeof train.dropout === 'number' && train.dropout > 0 && model.hidden.length === 0,
      keys: ['train.dropout', 'model.hidden'],
      expected: '0 if model.hidden is []: the units of hidden layers are left out',
    },
    {
      broken: typeof train.dropout !== 'number' && train.dropout.length !== model.hidden.length,
      keys: ['train.dropout', 'model.hidden'],
      expected: `a number, or a list as long as model.hidden, ${model.hidden.length}`,
    },
    {
      broken: model.members > 1 && data.features.kind === 'directions',
      keys: ['model.members', 'data.features.kind'],
      expected: '1 if data.features.kind is directions, whose features are part of each network',
    },
    {
      broken: model.members > 1 && stop.on === 'train',
      keys: ['model.members', 'stop.on'],
      expected: '1 if stop.on is train: an average is measured on samples of its own',
    },
    {
      broken: model.members > 1 && log.noiseScale,
      keys: ['model.members', 'log.noiseScale'],
      expected: '1 if log.noiseScale is true: it is of one network',
    },
    {
      broken: model.members > 1 && log.tensorboard,
      keys: ['model.members', 'log.tensorboard'],
      expected: '1 if log.tensorboard is true: its charts are of one network',
    },
    {
      broken: model.members > 1 && checkpoint.every !== 'off' && checkpoint.every !== 'auto',
      keys: ['model.members', 'checkpoint.every'],
      expected: '1, or checkpoint.every=off or auto, which writes none: checkpoints are of one network',
    },
    {
      broken: train.tailAverage > 0 && stop.patience !== null,
      keys: ['train.tailAverage', 'stop.patience'],
      expected: '0 if stop.patience is given: the tail is a share of a run whose length is known',
    },
    {
      broken: stop.bestMargin > 0 && !stop.restoreBest,
      keys: ['stop.bestMargin', 'stop.restoreBest'],
      expected: '0 if stop.restoreBest is false',
    },
    {
      broken: train.byTable && data.set !== 'table',
      keys: ['train.byTable', 'data.set'],
      expected: 'false if data.set is not table',
    },
    {
      broken: stop.on === 'validation' && data.validation === 0 && data.set !== 'memory',
      keys: ['stop.on', 'data.validation'],
      expected: 'test, or data.validation above 0',
    },
    ...Object.entries(withoutEvaluation).map(([name, instead]) => ({
      broken: stop.on === 'train' && Reflect.get(stop, name) !== instead,
      keys: [`stop.${name}`, 'stop.on'],
      expected: `${instead} if stop.on is train: ${evaluationsNeeded}`,
    })),
    {
      broken: givenSets.some((set) => set === data.set) && data.dir === null && !environment.SHARDSTEP_DATA,
      keys: ['data.dir', 'data.set'],
      expected: `a ${data.set === 'table' ? 'file' : 'folder'}, since data.set is ${data.set} (or set SHARDSTEP_DATA)`,
    },
    {
      broken: data.label !== null && data.set !== 'csv',
      keys: ['data.label', 'data.set'],
      expected: `null if data.set is ${data.set}: only CSV files have columns`,
    },
    {
      broken: data.testFile !== null && data.set !== 'table',
      keys: ['data.testFile', 'data.set'],
      expected: `null if data.set is ${data.set}: it is for a table`,
    },
    {
      broken: data.test !== null && data.set !== 'table' && data.set !== 'images',
      keys: ['data.test', 'data.set'],
      expected: `null if data.set is ${data.set}: it is for a table or for images`,
    },
    ...Object.entries({ size: null, fit: 'crop', colour: 'auto' }).map(([name, usual]) => ({
      broken: data.set !== 'images' && Reflect.get(data.images, name) !== usual,
      keys: [`data.images.${name}`, 'data.set'],
      expected: `${usual} if data.set is ${data.set}: it is for images`,
    })),
    {
      broken: Object.keys(data.columns).length > 0 && data.set !== 'table',
      keys: ['data.columns', 'data.set'],
      expected: `{} if data.set is ${data.set}: it is for a table`,
    },
    {
      broken: data.test !== null && data.testFile !== null,
      keys: ['data.test', 'data.testFile'],
      expected: 'null if data.testFile is given: its rows are the test part',
    },
    ...targetRules(config),
  ];
}

/** Of two keys that do not go together, the refusal names the one given last. */
function laterSource(keys: readonly string[], layers: Branch): string {
  const sources = keys.flatMap((key) => given(layers, key.split('.'))?.source ?? []);
  return sources.reduce((last, source) => (source.rank > last.rank ? source : last), defaultsSource).label;
}
