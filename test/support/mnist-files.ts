/** The first images of MNIST as IDX files: a command reads them in no time, and evaluates as many as it is given. */
import { mkdirSync } from 'node:fs';
import { idx, names, writeFiles } from './data-files.ts';
import { someMnist } from './training.ts';

/** In a new folder. Words of a run on it: `data.set=idx`, `data.dir`. */
export async function writeMnist(folder: string, train: number, test: number): Promise<void> {
  const some = await someMnist(train, test);
  mkdirSync(folder);
  const images = ({ count, values }: typeof some.train) => idx([count, 28, 28], values);
  const labels = ({ count, targets }: typeof some.train) => idx([count], targets);
  await writeFiles(folder, {
    [names.trainImages]: images(some.train),
    [names.trainLabels]: labels(some.train),
    [names.testImages]: images(some.test),
    [names.testLabels]: labels(some.test),
  });
}
