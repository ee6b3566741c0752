/**
 * Runs of about a second that between them have every strategy and optimiser, 1 to 3 threads, and every kind of input. At least
 * half of it is training, with some fifteen checkpoints.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Configuration {
  readonly name: string;
  readonly data: 'csv' | 'mnist';
  readonly words: readonly string[];
}

const pixels = ['--config', 'fastmlp', 'stop.target=null', 'data.take=2000', 'train.batch=50'];

/** `folder`: where their data are made. */
export function configurations(folder: string): Configuration[] {
  const rows = Array.from({ length: 400 }, (_, i) => {
    const [a, b] = [i % 2, (i >> 1) % 2];
    return [a ^ b, 255 * a, 255 * b, (i * 37) % 50, (i * 53) % 50].join();
  });
  writeFileSync(join(folder, 'train.csv'), `label,a,b,c,d\n${rows.join('\n')}\n`);
  writeFileSync(join(folder, 'test.csv'), `label,a,b,c,d\n${rows.slice(0, 40).join('\n')}\n`);
  const xor = [
    'data.set=csv',
    `data.dir=${folder}`,
    'model.hidden=[8]',
    'stop.target=null',
    'train.batch=20',
  ];
  const every = (steps: number) => `checkpoint.every=${steps}steps`;
  return [
    {
      name: 'xor, Adam',
      data: 'csv',
      words: [...xor, 'train.epochs=400', 'optimizer={name: adam}', '--threads', '1', every(500)],
    },
    {
      name: 'owner, momentum',
      data: 'mnist',
      words: [...pixels, 'train.epochs=6', 'parallel.sync=owner', '--threads', '2', every(15)],
    },
    {
      name: 'owner, Adam, best weights',
      data: 'mnist',
      words: [
        ...[...pixels, 'train.epochs=5', 'optimizer={name: adam}', 'stop.restoreBest=true'],
        ...['stop.every=17', '--threads', '3', 'parallel.sync=owner', every(10)],
      ],
    },
    {
      name: 'units, tail average',
      data: 'mnist',
      words: [
        ...[...pixels, 'train.epochs=9', 'model.hidden=[60]', 'parallel.sync=units', '--threads', '2'],
        ...['train.tailAverage=0.5', every(20)],
      ],
    },
    {
      name: 'sharded',
      data: 'mnist',
      words: [...pixels, 'train.epochs=5', 'parallel.sync=sharded', '--threads', '3', every(1)],
    },
    {
      name: 'average',
      data: 'mnist',
      words: [...pixels, 'train.epochs=7', 'parallel.sync=average', '--threads', '2', every(12)],
    },
    {
      name: 'local-sgd',
      data: 'mnist',
      words: [
        ...[...pixels, 'train.epochs=6', 'parallel.sync=local-sgd', 'parallel.localSteps=4'],
        ...['--threads', '2', 'log.every=1', every(12)],
      ],
    },
    {
      name: 'direction features',
      data: 'mnist',
      words: ['--config', 'mnist-97', 'stop.target=null', 'train.epochs=30', '--threads', '2', every(300)],
    },
  ];
}
