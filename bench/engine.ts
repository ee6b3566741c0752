/**
 * The engine on pixels. Against PyTorch and JAX: the same networks with the same schedules in one run, each library at
 * one thread and at all physical cores, judged by the better. Against the machine: kernels as a share of its peak, and
 * their vector width in V8's code. `--kernels`: only the comparison with the machine.
 */
import { type Contestant, openOurs, openPeer } from './engine/contestants.ts';
import { climbDenseLadder, denseTile } from './engine/dense-ladder.ts';
import { firstLayerForward, measureFirstLayer } from './engine/first-layer.ts';
import { raceAll, type SideBySide } from './engine/side-by-side.ts';
import { countWidths } from './engine/widths.ts';
import { singleAndAll } from './harness.ts';
import { type PeerPython, preparePython } from './peers/python-environment.ts';
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
  const counts = await singleAndAll();
  const pythons = await preparePeers();
  const contestants: Contestant[] = [];
  for (const threads of counts) contestants.push(await openOurs(threads));
  const reasons: string[] = [];
  for (const [peer, name] of peers) {
    const found = pythons.get(peer);
    if (found !== undefined && 'python' in found)
      for (const threads of counts) contestants.push(await openPeer(name, threads, found.python));
    else reasons.push(`${name}: ${found?.missing ?? 'not prepared'}`);
  }
  const missing = reasons.join('; ');
  if (missing !== '') console.log(`missing peers: ${missing}\n`);
  const sides = await raceAll(contestants);
  for (const contestant of contestants) await contestant.close();
  return { sides, missing };
}

const peers = [
  ['pytorch', 'PyTorch'],
  ['jax', 'JAX'],
] as const;

/** Ctrl-C during an installation ends the bench and leaves nothing half installed. */
async function preparePeers(): Promise<Map<string, PeerPython>> {
  const interruption = new AbortController();
  const interrupt = () => interruption.abort();
  process.once('SIGINT', interrupt);
  try {
    return await preparePython(
      peers.map(([peer]) => peer),
      interruption,
    );
  } catch (error) {
    if (!interruption.signal.aborted) throw error;
    console.error('interrupted, nothing was installed');
    process.exit(130);
  } finally {
    process.off('SIGINT', interrupt);
  }
}
