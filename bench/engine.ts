/**
 * The engine on pixels against PyTorch and JAX: the same networks by the same schedules, side by side in one run,
 * everyone at one thread and at all physical cores and judged by the better.
 */
import { countCores } from '../dist/coordinator/cores.js';
import { type Contestant, openOurs, openPeer } from './engine/contestants.ts';
import { peerPython } from './engine/peer-environment.ts';
import { raceAll } from './engine/side-by-side.ts';
import { type BarId, judge, writeRecord } from './record.ts';

export default async function bench(): Promise<void> {
  const { physical } = await countCores();
  const counts = physical === 1 ? [1] : [1, physical];
  const found = peerPython();
  if ('missing' in found) console.log(`no peers: ${found.missing}\n`);
  const contestants: Contestant[] = [];
  for (const threads of counts) contestants.push(await openOurs(threads));
  if ('python' in found)
    for (const peer of ['PyTorch', 'JAX'] as const)
      for (const threads of counts) contestants.push(await openPeer(peer, threads, found.python));
  const sides = await raceAll(contestants);
  for (const contestant of contestants) await contestant.close();
  const missing = 'missing' in found ? `not measured here: ${found.missing}` : undefined;
  const ofRatios = (id: BarId) => judge(id, sides.ratios.get(id) ?? null, missing);
  await writeRecord('engine', {
    bars: [ofRatios('engine-epoch-over-peers'), ofRatios('engine-fastmlp-over-peers')],
    tables: sides.tables,
    samples: sides.samples,
  });
}
