/**
 * The library as a program sees it: how long it blocks the caller's thread, how soon a training returns, and how soon a
 * bare process has loaded a model and classified a digit. In turn, all samples kept.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load, type MemoryData, type Model, train } from '../dist/index.js';
import { alternate, type Case, mnistImages, printed, ratios, root, shown, spread } from './harness.ts';
import { judge, type Table, writeRecord } from './record.ts';
import { untilExit } from './until.ts';

const rounds = 11;
/** As it is published: a module of dist/ for each of src/ takes longer to load. */
const index = JSON.stringify(new URL('../lib/library/index.js', import.meta.url).href);

/** Milliseconds: of the whole work, and of its longest block of this thread. */
interface Blocked {
  readonly ms: number;
  readonly longest: number;
}

/** A timer that is due at once shows for how long nothing else ran. */
async function blockedBy(work: () => PromiseLike<unknown>): Promise<Blocked> {
  let [longest, last, done] = [0, performance.now(), false];
  const started = last;
  const watch = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (!done) setImmediate(watch);
  };
  setImmediate(watch);
  await work();
  watch();
  done = true;
  return { ms: performance.now() - started, longest };
}

export default async function library(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'shardstep-bench-'));
  try {
    // Before anything is in memory: a large process is slower to spawn another one, which hides what it takes.
    const words = ['train', '--config', 'pixels-97', '--quiet', '--out', join(folder, 'run')];
    execFileSync(process.execPath, [`${root}dist/coordinator`, ...words], { stdio: 'ignore' });
    const file = join(folder, 'run/final.safetensors');
    const starts = await takeStarts(folder, file);
    const { train: samples, test } = await mnistImages();
    const data = {
      inputs: samples.values,
      targets: samples.targets,
      shape: [28, 28],
      test: { inputs: test.values, targets: test.targets },
    };
    const blocks = await takeBlocks(data, await load(file), file);
    const [empty, loaded] = [starts.get(emptyNode) ?? [], starts.get(digit) ?? []];
    await writeRecord('library', {
      bars: [judge('library-block', longestOfRounds(blocks)), judge('library-start', ratios(loaded, empty))],
      tables: [printed(blockTable(blocks)), printed(startTable(starts))],
      samples: {
        ...Object.fromEntries(
          [...blocks].flatMap(([name, taken]) => [
            [`${name}, ms`, taken.map(({ ms }) => ms)],
            [`${name}, longest block, ms`, taken.map(({ longest }) => longest)],
          ]),
        ),
        ...Object.fromEntries([...starts].map(([name, taken]) => [`${name}, ms`, taken])),
      },
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function takeBlocks(data: MemoryData, model: Model, file: string): Promise<Map<string, Blocked[]>> {
  const { inputs } = data.test ?? data;
  const works: readonly [string, () => PromiseLike<unknown>][] = [
    ['train, 60,000 images in memory, pixels-97', () => train(data, { recipe: 'pixels-97' })],
    ['train, the named set, mnist-97', () => train({ set: 'mnist' }, { recipe: 'mnist-97' })],
    ['load', () => load(file)],
    ['predictMany, 10,000 images, 1 thread', () => model.predictMany(inputs)],
    ['predictMany, 10,000 images, all cores', () => model.predictMany(inputs, { threads: 'physical' })],
    ['evaluate, 10,000 images', () => model.evaluate({ set: 'mnist' })],
  ];
  const taken = new Map(works.map(([name]): [string, Blocked[]] => [name, []]));
  for (let round = 0; round < rounds; round++)
    for (const [name, work] of works) taken.get(name)?.push(await blockedBy(work));
  return taken;
}

/** Of each round. */
const longestOfRounds = (blocks: ReadonlyMap<string, readonly Blocked[]>): number[] =>
  Array.from({ length: rounds }, (_, round) =>
    Math.max(...[...blocks.values()].map((taken) => taken[round].longest)),
  );

const emptyNode = 'node -e 0';
const digit = 'load a model and classify a digit';

async function takeStarts(cwd: string, file: string): Promise<Map<string, readonly number[]>> {
  const program = join(cwd, 'digit.mjs');
  const body = `const model = await load(${JSON.stringify(file)}); model.predict(new Uint8Array(784));`;
  writeFileSync(program, `import { load } from ${index};\n${body}\n`);
  const cases: Case[] = [
    { name: emptyNode, run: () => untilExit(cwd, process.execPath, '-e', '0') },
    { name: digit, run: () => untilExit(cwd, process.execPath, program) },
  ];
  const taken = await alternate(cases, { rounds: 3 * rounds });
  return new Map([...taken].map(([name, { samples }]) => [name, samples]));
}

function blockTable(blocks: ReadonlyMap<string, readonly Blocked[]>): Table {
  const rows = [...blocks].map(([name, taken]) => [
    name,
    shown(spread(taken.map(({ ms }) => ms))),
    shown(spread(taken.map(({ longest }) => longest))),
  ]);
  const note = `Median (min–max) of ${rounds} rounds in turn. Longest block: the longest time in which no other event of the thread could be handled.`;
  return {
    title: "The library in the caller's thread",
    note,
    rows: [['work', 'ms', 'longest block, ms'], ...rows],
  };
}

function startTable(starts: ReadonlyMap<string, readonly number[]>): Table {
  const middle = spread(starts.get(emptyNode) ?? []).median;
  const rows = [...starts].map(([name, taken]) => [
    name,
    shown(spread(taken)),
    (spread(taken).median / middle).toFixed(2),
  ]);
  const note = 'Median (min–max), from spawn to exit, taken in turn.';
  return {
    title: 'Start of a program that uses a model',
    note,
    rows: [['process', 'ms', 'over the empty one'], ...rows],
  };
}
