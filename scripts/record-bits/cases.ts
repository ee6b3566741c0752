/** The configurations whose bits are recorded: each capability in turn, and combinations of interacting ones. */

type Words = readonly string[];

const threads = ['1', '2', '3'];
const optimizers: Readonly<Record<string, Words>> = {
  sgd: [],
  nesterov: ['optimizer.nesterov=true', 'optimizer.weightDecay=0.001'],
  adam: ['optimizer=adam'],
  lars: ['optimizer=lars'],
};
const strategies: Readonly<Record<string, Words>> = {
  average: ['parallel.sync=average'],
  sharded: ['parallel.sync=sharded'],
  owner: ['parallel.sync=owner'],
  'local-sgd': ['parallel.sync=local-sgd', 'parallel.localSteps=3', 'parallel.localAfter=0.3'],
};
const directions = ['data.features.kind=directions'];
const inputs: Readonly<Record<string, Words>> = {
  mnist: [],
  centre: ['data.normalise=centre'],
  none: ['data.normalise=none'],
  standardise: ['data.normalise=standardise'],
  whiten: ['data.normalise=whiten', 'data.pool=2'],
  moments: ['data.momentNormalise=true'],
  pool: ['data.pool=2'],
  crop: ['data.crop=4'],
  directions: [...directions, 'model.hidden=[]'],
  products: [...directions, 'model.hidden=[]', 'data.features.quadratic=8'],
  'directions-hidden': [...directions, 'model.hidden=[32]'],
};
/** Added to the defaults of the small network, on one and on two threads. */
const features: readonly Words[] = [
  ...['relu', 'tanh', 'gelu'].map((kind) => [`model.activation=${kind}`]),
  ...['[]', '[40]', '[64,32]', '[256,128]'].map((hidden) => [`model.hidden=${hidden}`]),
  ...['torch', 'he', 'glorot', 'lecun', 'orthogonal', 'recipe'].map((kind) => [`model.init.kind=${kind}`]),
  ['model.hidden=[]', 'model.init.kind=zero'],
  ...['constant', 'step', 'cosine', 'warmup-linear', 'one-cycle'].map((name) => [`schedule=${name}`]),
  ['loss.labelSmoothing=0.15'],
  ['train.batch=100'],
  ['train.batch=100', 'train.dropLast=true'],
  ['data.take=700'],
  ['data.shuffle=false'],
  ['data.validation=256', 'data.validationFrom=end', 'stop.on=validation', 'stop.restoreBest=true'],
  ['data.validation=256', 'stop.on=validation', 'stop.restoreBest=true'],
  ['stop.every=5', 'stop.patience=3'],
  ['train.selective.beta=1'],
  ['train.selective.beta=2', 'parallel.sync=sharded'],
  ['train.tailAverage=0.4', 'train.tailEvery=2'],
  ['log.noiseScale=true', 'parallel.sync=average'],
  ['log.noiseScale=true', 'parallel.sync=sharded'],
  ['optimizer.referenceBatch=512', 'optimizer.batchScaling=sqrt'],
];
const recipes = [
  'mnist-97',
  'mnist-98',
  'mnist-99',
  'mnist-99.3',
  'mnist-99.5',
  'pixels-97',
  'fastmlp',
  'sweep',
];
const shortRun = ['train.batch=64', 'train.epochs=2', 'stop.target=null', 'log.every=1'];
const small = ['model.hidden=[48,16]', ...shortRun];

/** Name and words of each. */
export function bitCases(): (readonly [string, Words])[] {
  const cases = new Map<string, Words>();
  const add = (name: string, ...words: Words) => cases.set(name, words);
  for (const [sync, bySync] of Object.entries(strategies))
    for (const [optimizer, byOptimizer] of Object.entries(optimizers))
      for (const count of threads) {
        const given = [...small, ...bySync, ...byOptimizer, '--threads', count];
        add(`${sync} ${optimizer} pixels ${count}`, ...given);
        if (sync !== 'local-sgd')
          add(`${sync} ${optimizer} directions ${count}`, ...given, ...inputs.directions);
      }
  // Three blocks of units; the small network has two hidden layers.
  const byUnits = [...small, 'model.hidden=[150]', 'parallel.sync=units'];
  for (const [optimizer, byOptimizer] of Object.entries(optimizers))
    for (const count of threads)
      add(`units ${optimizer} pixels ${count}`, ...byUnits, ...byOptimizer, '--threads', count);
  for (const words of [
    ['data.packing=dense', 'model.activation=gelu'],
    ['data.normalise=centre', 'data.pool=2', 'data.crop=1'],
    ['loss=squared-error', 'optimizer.lr=0.01'],
    [...directions, 'train.tailAverage=0.4'],
  ])
    add(`units ${words.join(' ')}`, ...byUnits, ...words, '--threads', '2');
  for (const count of threads)
    add(`auto [128] ${count}`, ...small, 'model.hidden=[128]', 'data.pool=2', '--threads', count);
  for (const [name, words] of Object.entries(inputs))
    for (const packing of ['auto', 'sparse', 'dense'])
      for (const count of threads)
        add(`${name} ${packing} ${count}`, ...small, ...words, `data.packing=${packing}`, '--threads', count);
  for (const words of features) add(words.join(' '), ...small, ...words, '--threads', '2');
  add('hogwild', ...small, 'parallel.sync=hogwild', '--threads', '1');
  for (const backend of ['js', 'tfjs-node'])
    for (const sync of ['average', 'owner'])
      for (const packing of ['sparse', 'dense'])
        add(
          `${backend} ${sync} ${packing}`,
          ...[...shortRun, 'model.hidden=[12]', 'data.pool=2', 'data.take=256', 'train.epochs=1'],
          ...[`backend=${backend}`, `parallel.sync=${sync}`, `data.packing=${packing}`, '--threads', '2'],
        );
  for (const recipe of recipes)
    for (const count of ['1', '2'])
      add(
        `recipe ${recipe} ${count}`,
        '--config',
        recipe,
        'data.take=2048',
        'train.epochs=1',
        '--threads',
        count,
      );
  // By itself it chooses units.
  for (const count of ['1', '2'])
    add(
      `recipe pixels-97 owner ${count}`,
      ...['--config', 'pixels-97', 'data.take=2048', 'train.epochs=1', 'parallel.sync=owner'],
      ...['--threads', count],
    );
  return [...cases];
}
