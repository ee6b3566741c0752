/**
 * The start of a training: from the start of the process to the end of its first step, by the clock of the process itself,
 * which begins when the system started it (`npx` and a shell before it are not included). It includes loading the
 * program, the configuration, reading and inflating the 60,000 images and their checksums, preparing and packing them,
 * compiling and checking the kernels, starting the workers, the run folder and the first weights. Files come from the page
 * cache, and V8's code of the program from the build.
 *
 * Then the runs of one process: the first over the median of the others, by the resident clock.
 *
 * `--base FOLDER`: takes turns with the start of another checkout that is built.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { median } from '../dist/numbers/statistics.js';
import { alternate, printed, root, shown, spread } from './harness.ts';
import { quietMoment } from './quiet.ts';
import { judge, writeRecord } from './record.ts';

const [startRounds, runRounds, seeds] = [15, 5, 6];
const recipes = ['fastmlp', 'peers-sprint', 'pixels-97', 'mnist-97'];

interface Result {
  readonly coldMs: number;
  readonly runs: readonly { readonly residentMs: number }[];
}

/** A training by the command line. The run folder is another one for each checkout. */
function train(checkout: string, out: string, ...words: string[]): Result {
  const all = [join(checkout, 'dist/coordinator'), 'train', '--json', '--quiet', '--overwrite'];
  const { stdout, stderr } = spawnSync(process.execPath, [...all, `--out=${out}`, ...words], {
    cwd: checkout,
    encoding: 'utf8',
  });
  if (stdout === '') throw new Error(`${checkout}: train ${words.join(' ')} printed "${stderr}"`);
  return JSON.parse(stdout);
}

/** One step, evaluated by itself. */
const firstStep = ['train.steps=1', 'stop.on=train', 'stop.target=null'];

export default async function bench(): Promise<void> {
  const at = process.argv.indexOf('--base');
  const base = at < 0 ? null : resolve(process.argv[at + 1] ?? '');
  const checkouts = [{ name: '', path: root }, ...(base === null ? [] : [{ name: 'base, ', path: base }])];
  const folder = mkdtempSync(join(tmpdir(), 'shardstep-start-'));
  try {
    const starts = await alternate(
      recipes.flatMap((recipe) =>
        checkouts.map(({ name, path }) => ({
          name: `${name}${recipe}`,
          async run() {
            await quietMoment();
            return train(path, join(folder, `${name}start`), `--config=${recipe}`, ...firstStep).coldMs;
          },
        })),
      ),
      { rounds: startRounds },
    );
    const firstRuns = await alternate(
      recipes.map((recipe) => ({
        name: recipe,
        async run() {
          await quietMoment();
          const words = [`--config=${recipe}`, `--seeds=${seeds}`, 'stop.target=null'];
          const epochs = recipe === 'fastmlp' ? ['train.epochs=1'] : [];
          const { runs } = train(root, join(folder, 'runs'), ...words, ...epochs);
          const [first, ...later] = runs.map(({ residentMs }) => residentMs);
          return first / median(later);
        },
      })),
      { rounds: runRounds },
    );
    const samplesOf = (name: string) => starts.get(name)?.samples ?? [];
    const rows = [
      ['from process start to', 'ms', ...(base === null ? [] : ['base, ms', 'ratio']), 'first run'],
    ];
    for (const recipe of recipes) {
      const [own, other] = [spread(samplesOf(recipe)), samplesOf(`base, ${recipe}`)];
      const compared =
        base === null ? [] : [shown(spread(other), 0), (own.median / median(other)).toFixed(2)];
      const first = shown(spread(firstRuns.get(recipe)?.samples ?? []), 2);
      rows.push([`first step of ${recipe}`, shown(own, 0), ...compared, `${first} ×`]);
    }
    const note =
      'Median (min–max), taken in turn, each process after an idle moment. First run: its time over the median of the ' +
      `${seeds - 1} after it in the same worker pool.`;
    await writeRecord('start', {
      bars: [
        judge('start-first-step', samplesOf('fastmlp')),
        judge('start-first-run', firstRuns.get('fastmlp')?.samples ?? null),
      ],
      tables: [printed({ title: 'Start of a training', note, rows })],
      samples: {
        ...Object.fromEntries([...starts].map(([name, { samples }]) => [`${name}, first step, ms`, samples])),
        ...Object.fromEntries(
          [...firstRuns].map(([name, { samples }]) => [`${name}, first run over later ones`, samples]),
        ),
      },
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
