/**
 * The tfjs-node backend at one and two workers, the usual tfjs-node program in one process, with one thread and with
 * all, and the kernels of this package. One epoch of configs/fastmlp.yaml without evaluation, in turn.
 */
import { requirePackage } from '../dist/backend/tfjs/library.js';
import { plural } from '../dist/numbers/words.js';
import { alternate, printed, ratios, root, shown, spread } from './harness.ts';
import { type LineProcess, openLineProcess } from './line-process.ts';
import { quietMoment } from './quiet.ts';
import { judge, writeRecord } from './record.ts';

const rounds = 9;
const images = 60_000;

export default async function bench(): Promise<void> {
  const alone = (threads: number) => [`${root}data/mnist`, `${threads}`, requirePackage()];
  const peer = 'bench/peers/tfjs_node.cjs';
  const ours = 'bench/threads/trainer-process.ts';
  const cases = [
    ['tfjs-node alone', peer, alone(0)],
    ['tfjs-node alone, 1 thread', peer, alone(1)],
    ...[1, 2].flatMap((threads) =>
      ['owner', 'sharded', 'average'].map((sync) => [
        `backend=tfjs-node, ${plural(threads, 'worker')}, ${sync}`,
        ours,
        ['sweep', `${threads}`, 'backend=tfjs-node', `parallel.sync=${sync}`],
      ]),
    ),
    ['backend=wasm, 2 workers, owner', ours, ['sweep', '2']],
  ] as [string, string, string[]][];
  const processes: LineProcess[] = [];
  let disturbed = 0;
  try {
    const epochs = new Map<string, () => Promise<number>>();
    for (const [name, script, words] of cases) {
      const process = await openLineProcess(script, words);
      processes.push(process);
      epochs.set(name, async () =>
        script === peer ? JSON.parse(await process.ask('epoch')).ms : Number(await process.ask('train')),
      );
    }
    const taken = await alternate(
      [...epochs].map(([name, epochMs]) => ({
        name,
        async run() {
          if (!(await quietMoment())) disturbed++;
          return (images / (await epochMs())) * 1000;
        },
      })),
      { rounds },
    );
    const of = (name: string) => taken.get(name)?.samples ?? [];
    const overAlone = ratios(of('backend=tfjs-node, 2 workers, owner'), of('tfjs-node alone'));
    const rows = [...taken.keys()].map((name) => [
      name,
      shown(spread(of(name)), 0),
      shown(spread(ratios(of(name), of('tfjs-node alone'))), 2),
      shown(spread(ratios(of(name), of('tfjs-node alone, 1 thread'))), 2),
    ]);
    const report = printed({
      title: 'tfjs-node as a backend and alone',
      note: 'Training images a second in an epoch of configs/fastmlp.yaml without evaluation, in turn, median (min–max). Alone: one process, the data set as a tensor, optimizer.minimize, TensorFlow on all cores or on one thread; over alone: ratios round by round.',
      rows: [['', 'images/s', 'over alone', 'over alone, 1 thread'], ...rows],
    });
    await writeRecord('tfjs', {
      bars: [judge('tfjs-over-alone', overAlone)],
      tables: [report],
      notes: [`${disturbed} of ${cases.length * (rounds + 1)} samples began beside other work.`],
      samples: Object.fromEntries([...taken.keys()].map((name) => [`images/s, ${name}`, of(name)])),
    });
  } finally {
    for (const process of processes) await process.close();
  }
}
