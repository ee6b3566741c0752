/**
 * The engine on pixels. Against PyTorch and JAX: the same networks by the same schedules, side by side in one run,
 * everyone at one thread and at all physical cores and judged by the better. Against the machine: kernels as a share of
 * its peak, and how wide V8 made them. `--kernels`: only the latter.
 */
import { countCores } from '../dist/coordinator/cores.js';
import { type Contestant, openOurs, openPeer } from './engine/contestants.ts';
import { climbDenseLadder, denseTile } from './engine/dense-ladder.ts';
import { firstLayerForward, measureFirstLayer } from './engine/first-layer.ts';
import { peerPython } from './engine/peer-environment.ts';
import { raceAll, type SideBySide } from './engine/side-by-side.ts';
import { countWidths } from './engine/widths.ts';
import { type BarId, judge, writeRecord } from './record.ts';

export default async function bench(): Promise<void> {
  const widths = countWidths();
  const ladder = await climbDenseLadder();
  const sprintLayer = await measureFirstLayer('peers-sprint');
  const fastmlpLayer = await measureFirstLayer('fastmlp');
  const kernelsOnly = process.argv.includes('--kernels');
  const { sides, missing } = kernelsOnly ? { sides: null, missing: '--kernels' } : await race();
  const ofRatios = (id: BarId) => {
    const ratios = sides?.ratios.get(id);
    return ratios === undefined ? judge(id, null, `not measured here: ${missing}`) : judge(id, ratios);
  };
  const narrow = widths?.narrow ?? [];
  if (narrow.length > 0) console.log(`NOT 256 BITS WIDE: ${narrow.join(', ')}\n`);
  const rates = [ladder, sprintLayer, fastmlpLayer];
  await writeRecord('engine', {
    bars: [
      ofRatios('engine-epoch-over-peers'),
      ofRatios('engine-fastmlp-over-peers'),
      judge('engine-first-layer-peak', sprintLayer.shares.get(firstLayerForward('peers-sprint')) ?? null),
      judge('engine-dense-tile-peak', ladder.shares.get(denseTile) ?? null),
    ],
    tables: [
      ...(sides?.tables ?? []),
      ...rates.map((each) => each.table),
      ...(widths === null ? [] : [widths.table]),
    ],
    samples: Object.assign({ ...sides?.samples }, ...rates.map((each) => each.samples)),
    notes: narrow.length === 0 ? [] : [`Not 256 bits wide: ${narrow.join(', ')}.`],
  });
}

async function race(): Promise<{ readonly sides: SideBySide; readonly missing: string }> {
  const { physical } = await countCores();
  const counts = physical === 1 ? [1] : [1, physical];
  const found = peerPython();
  const missing = 'missing' in found ? found.missing : '';
  if ('missing' in found) console.log(`no peers: ${missing}\n`);
  const contestants: Contestant[] = [];
  for (const threads of counts) contestants.push(await openOurs(threads));
  if ('python' in found)
    for (const peer of ['PyTorch', 'JAX'] as const)
      for (const threads of counts) contestants.push(await openPeer(peer, threads, found.python));
  const sides = await raceAll(contestants);
  for (const contestant of contestants) await contestant.close();
  return { sides, missing };
}
