/** Runs of about a second that between them have every strategy and optimiser, 1 to 3 threads, and every kind of input. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Configuration {
  readonly name: string;
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
      words: [...xor, 'train.epochs=150', 'optimizer={name: adam}', '--threads', '1', every(200)],
    },
    {
      name: 'owner, momentum',
      words: [...pixels, 'train.epochs=6', 'parallel.sync=owner', '--threads', '2', every(15)],
    },
    {
      name: 'owner, Adam, best weights',
      words: [
        ...[...pixels, 'train.epochs=5', 'optimizer={name: adam}', 'stop.restoreBest=true'],
        ...['stop.every=17', '--threads', '3', 'parallel.sync=owner', every(20)],
      ],
    },
    {
      name: 'units, tail average',
      words: [
        ...[...pixels, 'train.epochs=6', 'model.hidden=[60]', 'parallel.sync=units', '--threads', '2'],
        ...['train.tailAverage=0.5', every(25)],
      ],
    },
    {
      name: 'sharded',
      words: [...pixels, 'train.epochs=5', 'parallel.sync=sharded', '--threads', '3', every(1)],
    },
    {
      name: 'average',
      words: [...pixels, 'train.epochs=4', 'parallel.sync=average', '--threads', '2', every(20)],
    },
    {
      name: 'local-sgd',
      words: [
        ...[...pixels, 'train.epochs=6', 'parallel.sync=local-sgd', 'parallel.localSteps=4'],
        ...['--threads', '2', 'log.every=1', every(20)],
      ],
    },
    {
      name: 'direction features',
      words: ['--config', 'mnist-97', 'stop.target=null', 'train.epochs=30', '--threads', '2', every(300)],
    },
  ];
}
