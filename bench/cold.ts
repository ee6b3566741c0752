/**
 * The cold start, by a clock outside the process: from spawn to the line with the accuracy on all 10,000 test images.
 * It alternates with an empty process of the same Node from spawn to exit. Files come from the page cache. A process is
 * killed after its line, so that its later work disturbs no other sample. Each sample waits for a moment in which the
 * machine is idle: the race uses two cores, the empty process one, so other work on the machine would change the ratio.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { alternate, type Case, root, shown, spread, table } from './harness.ts';
import { quietMoment } from './quiet.ts';
import { judge, writeRecord } from './record.ts';

const rounds = 50;
/** Peers take seconds. */
const peerRounds = 5;
const coordinator = `${root}dist/coordinator`;

interface Start extends Case {
  /** The Node whose empty process is the reference. */
  readonly empty: string;
}

/**
 * Milliseconds from spawn to the first line on stdout. @throws if the line does not report that the target was reached.
 */
function untilLine(cwd: string, program: string, ...words: string[]): Promise<number> {
  const startedAt = performance.now();
  const child = spawn(program, words, { cwd, stdio: ['ignore', 'pipe', 'ignore'] });
  return new Promise((resolve, reject) => {
    let text = '';
    let elapsedMs = Number.NaN;
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      if (!text.includes('\n') || Number.isFinite(elapsedMs)) return;
      elapsedMs = performance.now() - startedAt;
      child.kill('SIGKILL');
    });
    ended(child, reject, () => {
      if (/ % reached\)\n/.test(text)) resolve(elapsedMs);
      else reject(new Error(`${program} ${words.join(' ')} said "${text}"`));
    });
  });
}

/** Milliseconds from spawn to exit. */
function untilExit(cwd: string, program: string, ...words: string[]): Promise<number> {
  const startedAt = performance.now();
  const child = spawn(program, words, { cwd, stdio: ['ignore', 'pipe', 'ignore'] });
  return new Promise((resolve, reject) => {
    ended(child, reject, (code) => {
      if (code === 0) resolve(performance.now() - startedAt);
      else reject(new Error(`${program} ${words.join(' ')} ended with exit code ${code}`));
    });
  });
}

function ended(child: ChildProcess, failed: (error: Error) => void, done: (code: number | null) => void) {
  child.once('error', failed);
  child.once('exit', (code) => {
    child.stdout?.destroy();
    done(code);
  });
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
    console.log(`${table(rows)}\n`);
    const empty = samplesOf('node -e 0');
    const ratios = samplesOf('race').map((ms, round) => ms / empty[round]);
    const note =
      'Median (min–max), taken in turn: races to the line with the accuracy, `node -e 0` and imports to their exit. ' +
      `The bar is judged by the ratio within each round. Each sample waits for an idle machine, at most 5 s; ${busy} of ` +
      `${nodes.length * (rounds + 1)} began without.`;
    await writeRecord('cold', {
      bars: [judge('cold-over-empty', ratios)],
      tables: [{ title: 'Cold start', note, rows }],
      samples: Object.fromEntries([...taken].map(([name, { samples }]) => [`${name}, ms`, samples])),
    });
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}
