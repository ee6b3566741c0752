/** `profile` as a user meets it: what it says, the files that it leaves, and that it changes nothing of the training. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { cli, expectCode, readJson, readLog, type TrainingResult, workingDirectory } from './support/cli.ts';
import { cliInTurn } from './support/commands-in-turn.ts';
import { writeMnist } from './support/mnist-files.ts';
import { readTrace } from './support/trace.ts';

interface ProfileJson {
  readonly threads: number;
  readonly steps: number;
  readonly wallMs: number;
  readonly accounted: number;
  readonly imbalance: number;
  readonly rows: readonly {
    readonly name: string;
    readonly kind: string;
    readonly ms: number;
    readonly gflops: number | null;
  }[];
  readonly startup: readonly { readonly name: string; readonly ms: number; readonly beside: boolean }[];
  readonly verdict: { readonly bottleneck: { readonly bound: string; readonly speedup: number } };
  readonly stamps: { readonly dropped: number; readonly share: number };
}

let parent = '';
/** Ten batches of the recipe. */
let some: readonly string[] = [];
let small: readonly string[] = [];
before(async () => {
  parent = await mkdtemp(join(tmpdir(), 'shardstep-profile-'));
  await writeMnist(join(parent, 'data'), 5120, 500);
  some = ['--config', 'fastmlp', 'stop.target=null', 'data.set=idx', `data.dir=${join(parent, 'data')}`];
  small = [...some, 'train.epochs=2', '--quiet'];
});
after(() => rm(parent, { recursive: true, force: true }));

test('fastmlp on two threads: phases add up, the trace nests, and the weights are those of train', async (t) => {
  const cwd = await workingDirectory(t);
  const { stdout } = await expectCode(0, ['profile', ...small, '--threads', '2', '--out', 'run'], { cwd });
  assert.match(stdout, /^# Profile of fastmlp: done\n\n784-256-128-10, batch 512, 2 workers, sync owner/);
  assert.match(stdout, /\n## Bottleneck\n\n\*\*.+at most [\d.]+ × faster without it.*\*\*\n/);
  assert.match(stdout, /\n## Phases\n\n\| phase/);

  const profile = await readJson<ProfileJson>(cwd, 'run', 'profile.json');
  assert.ok(Math.abs(profile.accounted - 1) < 1e-3, `rows add up to ${profile.accounted}`);
  t.diagnostic(`rows add up to ${(100 * profile.accounted).toFixed(2)} % of the run`);
  const named = profile.rows.map(({ name }) => name);
  const layers = ['forward 1', 'forward 2', 'forward 3', 'loss', 'backward 3', 'backward 2', 'backward 1'];
  assert.deepEqual(
    named.filter((name) => layers.includes(name)),
    layers,
  );
  for (const name of ['shuffle', 'gather', 'update', 'barrier wait', 'evaluate'])
    assert.ok(named.includes(name), `${name} is not among ${named.join(', ')}`);
  for (const { name, ms, gflops } of profile.rows) {
    assert.ok(ms > 0, name);
    if (layers.includes(name)) assert.ok(gflops !== null && gflops > 0, name);
  }
  assert.deepEqual([profile.threads, profile.steps, profile.stamps.dropped], [2, 20, 0]);
  assert.ok(profile.imbalance >= 1);
  assert.deepEqual(
    profile.startup.filter(({ beside }) => !beside).map(({ name }) => name),
    [
      'process',
      'imports',
      'configuration',
      'data and kernels',
      'memory and workers',
      'parameters',
      'first step',
    ],
  );
  for (const { name, ms } of profile.startup) assert.ok(ms >= 0, name);

  const { tracks, slices } = readTrace(await readFile(join(cwd, 'run', 'trace.json'), 'utf8'));
  assert.deepEqual(
    [...tracks],
    [
      [0, 'coordinator'],
      [1, 'worker 0'],
      [2, 'worker 1'],
    ],
  );
  for (const tid of [1, 2]) {
    const own = slices.filter((slice) => slice.tid === tid);
    const epochs = own.filter(({ cat }) => cat === 'epoch');
    assert.deepEqual(
      epochs.map(({ name }) => name),
      ['epoch 1', 'epoch 2'],
    );
    const steps = own.filter(({ cat }) => cat === 'step');
    assert.deepEqual(
      steps.map(({ name, within }) => [name, ...within]),
      Array.from({ length: 20 }, (_, i) => [`step ${i + 1}`, `epoch ${i < 10 ? 1 : 2}`]),
    );
    const phases = own.filter(({ cat }) => cat === 'phase');
    for (const { kindsWithin, name } of phases)
      assert.equal(kindsWithin[0], 'epoch', `${name} lies within no epoch`);
    assert.equal(
      phases.filter(({ name, kindsWithin }) => name === 'loss' && kindsWithin[1] === 'step').length,
      20,
    );
  }
  assert.deepEqual(
    slices.filter(({ tid, name }) => tid === 0 && name === 'shuffle').map(({ within }) => within),
    [[], []],
  );

  await expectCode(0, ['train', ...small, '--threads', '2', '--out', 'plain'], { cwd });
  const weights = (run: string) => readFile(join(cwd, run, 'final.safetensors'));
  assert.deepEqual(await weights('run'), await weights('plain'));
  const svg = await readFile(join(cwd, 'run', 'roofline.svg'), 'utf8');
  for (const words of ['forward 1', 'GFLOP/s', 'GB/s']) assert.ok(svg.includes(words), words);
  assert.equal(
    await readFile(join(cwd, 'run', 'profile.md'), 'utf8'),
    stdout.slice(0, stdout.indexOf('\nprocessor')),
  );
  assert.equal((await readLog(join(cwd, 'run'))).at(-1)?.event, 'run_stop');
});

test('a run on features is taken apart into features, fit, training and evaluation; --json is one object', async (t) => {
  const cwd = await workingDirectory(t);
  const words = ['profile', '--config', 'mnist-97', '--threads', '2', '--json', '--out', 'run'];
  const { stdout } = await expectCode(0, words, { cwd });
  const { profile, status } = JSON.parse(stdout) as TrainingResult & { profile: ProfileJson };
  assert.equal(status, 'reached');
  const kinds = profile.rows.map(({ kind }) => kind);
  for (const kind of ['features', 'fit', 'train', 'evaluate', 'shuffle', 'dispatch'])
    assert.ok(kinds.includes(kind), `${kind} is not among ${kinds.join(', ')}`);
  assert.ok(Math.abs(profile.accounted - 1) < 1e-3, `rows add up to ${profile.accounted}`);
});

test("where the coordinator takes part in steps its update is told, and not as the workers' waiting; --cpu-prof leaves a V8 CPU profile of every thread", async (t) => {
  const cwd = await workingDirectory(t);
  const words = ['profile', ...small, '--threads', '2', 'parallel.sync=average', '--cpu-prof'];
  await expectCode(0, [...words, '--out', 'run'], { cwd });
  const profile = await readJson<ProfileJson>(cwd, 'run', 'profile.json');
  const kinds = profile.rows.map(({ kind }) => kind);
  for (const kind of ['reduce', 'update', 'wait']) assert.ok(kinds.includes(kind), kind);
  assert.ok(Math.abs(profile.accounted - 1) < 1e-3, `rows add up to ${profile.accounted}`);
  const { slices } = readTrace(await readFile(join(cwd, 'run', 'trace.json'), 'utf8'));
  assert.equal(
    slices.filter(({ tid, name, within }) => tid === 0 && name === 'update' && within[0] === 'command')
      .length > 0,
    true,
  );
  for (const thread of ['coordinator', 'worker-0', 'worker-1']) {
    const { nodes, samples, startTime, endTime } = await readJson<{
      nodes: { callFrame: { functionName: string; url: string } }[];
      samples: number[];
      startTime: number;
      endTime: number;
    }>(cwd, 'run', `${thread}.cpuprofile`);
    assert.ok(endTime > startTime && samples.length > 0, thread);
    const files = nodes.map(({ callFrame }) => callFrame.url);
    const expected = thread === 'coordinator' ? 'coordinator/session.js' : 'worker/step-loop.js';
    assert.ok(
      files.some((url) => url.endsWith(expected)),
      `${thread}: nothing of ${expected}`,
    );
  }
});

test('SIGINT keeps the profile of what was done', async (t) => {
  const cwd = await workingDirectory(t);
  const words = ['profile', ...some, 'train.epochs=100000'];
  const { code, stderr, stdout } = await cli([...words, '--out', 'run'], { cwd, interruptAfter: 'epoch 3/' });
  assert.equal(code, 130, stderr);
  assert.equal(stdout, '');
  assert.match(stderr, /\ninterrupted[^\n]* run\n$/);
  const profile = await readJson<ProfileJson>(cwd, 'run', 'profile.json');
  assert.ok(profile.steps >= 20, `${profile.steps} steps`);
  assert.ok(profile.rows.some(({ name }) => name === 'forward 1'));
  readTrace(await readFile(join(cwd, 'run', 'trace.json'), 'utf8'));
});

test('what cannot be profiled is refused in one line', async (t) => {
  const cwd = await workingDirectory(t);
  const shards = ['--config', 'fastmlp', '--threads', '2', 'parallel.sync=average', 'log.noiseScale=true'];
  const refusals: [string[], RegExp][] = [
    [['--threads', '1,2'], /^error: --threads: .*sweep/],
    [['--seeds', '3'], /^error: unknown .*--seeds/],
    [['train.epoch=3'], /^error: .*train\.epoch.*train\.epochs/],
    [[...shards, 'train.batch=1'], /^error: log\.noiseScale: .*train\.batch=1/],
  ];
  for (const [words, expected] of refusals) {
    const { code, stderr } = await cliInTurn(['profile', ...words], cwd);
    assert.equal(code, 2, stderr);
    assert.match(stderr, expected);
    assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
  }
  assert.deepEqual(await readdir(cwd), []);
});
