/** Compares the ways of combining the workers' work: an epoch of each recipe without evaluations. */
import { countCores } from '../dist/machine/cores.js';
import { writeRecord } from './record.ts';
import { measureWorks } from './threads/scaling.ts';

const works = [
  { recipe: 'sweep', title: '784-256-128-10, batch 512 (configs/fastmlp.yaml, one epoch)' },
  { recipe: 'pixels-97', title: '196-128-10, batch 64 (configs/pixels-97.yaml)' },
].map((work) => ({ ...work, name: work.recipe, overrides: [] }));

export default async function bench(): Promise<void> {
  const { available } = await countCores();
  await writeRecord('sync', { bars: [], ...(await measureWorks(works, [1, 2], available)) });
}
