/**
 * The cold start, by a clock outside the process: from spawn to the line with the accuracy on all 10,000 test images.
 * It alternates with an empty process of the same Node from spawn to exit. Files come from the page cache. A process is
 * killed after its line, so that its later work disturbs no other sample. Each sample waits for a moment in which the
 * machine is idle: the race uses two cores, the empty process one, so other work on the machine would change the ratio.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { alternate, type Case, printed, ratios, root, shown, spread } from './harness.ts';
import { quietMoment } from './quiet.ts';
import { judge, writeRecord } from './record.ts';
import { untilExit, untilLine } from './until.ts';

const rounds = 50;
/** Peers take seconds. */
const peerRounds = 5;
const coordinator = `${root}dist/coordinator`;

interface Start extends Case {
  /** The Node whose empty process is the reference. */
  readonly empty: string;
}

const works = (program: string, ...words: string[]): boolean =>
  spawnSync(program, words, { stdio: 'ignore', timeout: 60_000 }).status === 0;

/** The Node of the system, if it is another one. */
function systemNode(): { readonly program: string; readonly version: string } | null {
  const path = (process.env.PATH ?? '').split(':').filter((folder) => !folder.includes('node_modules'));
  for (const folder of path) {
    const program = join(folder, 'node');
    const { status, stdout } = spawnSync(program, ['-p', 'process.versions.node'], { encoding: 'utf8' });
    const version = status === 0 ? stdout.trim() : '';
    if (version !== '') return version === process.versions.node ? null : { program, version };
  }
  return null;
}

function starts(cwd: string): Start[] {
  const node = process.execPath;
  const cases: Start[] = [
    { name: 'node -e 0', empty: 'node -e 0', run: () => untilExit(cwd, node, '-e', '0') },
    { name: 'race', empty: 'node -e 0', run: () => untilLine(cwd, node, coordinator) },
    {
      name: 'race, kernels compiled',
      empty: 'node -e 0',
      run: () => untilLine(cwd, node, coordinator, '--compile-kernels'),
    },
  ];
  // The cost of starting any process, included in all of these.
  if (works('true')) cases.push({ name: 'true', empty: 'node -e 0', run: () => untilExit(cwd, 'true') });
  if (works('taskset', '-c', '0', 'true')) {
    const pinned = ['taskset', '-c', '0', node] as const;
    const empty = 'one core: node -e 0';
    cases.push(
      { name: empty, empty, run: () => untilExit(cwd, ...pinned, '-e', '0') },
      { name: 'one core: race', empty, run: () => untilLine(cwd, ...pinned, coordinator) },
    );
  }
  const system = systemNode();
  if (system !== null) {
    const empty = `Node ${system.version}: node -e 0`;
    cases.push(
      { name: empty, empty, run: () => untilExit(cwd, system.program, '-e', '0') },
      {
        name: `Node ${system.version}: race`,
        empty,
        run: () => untilLine(cwd, system.program, coordinator),
      },
    );
  }
  return cases;
}

/** Imports with which other libraries begin, if this machine has them. */
function peers(cwd: string): Start[] {
  return ['torch', 'jax']
    .filter((library) => works('python3', '-c', `import ${library}`))
    .map((library) => ({
      name: `python3, import ${library}`,
      empty: 'node -e 0',
      run: () => untilExit(cwd, 'python3', '-c', `import ${library}`),
    }));
}

export default async function bench(): Promise<void> {
  const cwd = mkdtempSync(join(tmpdir(), 'shardstep-cold-'));
  try {
    const nodes = starts(cwd);
    const others = peers(cwd);
    let busy = 0;
    const quietly = (each: Start): Start => ({
      ...each,
      async run() {
        if (!(await quietMoment())) busy++;
        return each.run();
      },
    });
    const taken = await alternate(nodes.map(quietly), { rounds });
    for (const [name, samples] of await alternate(others, { rounds: peerRounds })) taken.set(name, samples);
    const samplesOf = (name: string) => taken.get(name)?.samples ?? [];
    const rows = [['from spawn to', 'ms', 'over its empty process']];
    for (const { name, empty } of [...nodes, ...others]) {
      const middle = spread(samplesOf(empty)).median;
      const over = name === empty ? '' : (spread(samplesOf(name)).median / middle).toFixed(2);
      rows.push([name, shown(spread(samplesOf(name))), over]);
    }
    const note =
      'Median (min–max), taken in turn: races to the line with the accuracy, `node -e 0` and imports to their exit. ' +
      `The bar is judged by the ratio within each round. Each sample waits for an idle machine, at most 5 s; ${busy} of ` +
      `${nodes.length * (rounds + 1)} began without.`;
    await writeRecord('cold', {
      bars: [judge('cold-over-empty', ratios(samplesOf('race'), samplesOf('node -e 0')))],
      tables: [printed({ title: 'Cold start', note, rows })],
      samples: Object.fromEntries([...taken].map(([name, { samples }]) => [`${name}, ms`, samples])),
    });
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}
