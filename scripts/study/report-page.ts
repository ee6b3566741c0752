/**
 * docs/REPORT.md and its charts, made only from committed records: the same records give the same text. Sentences are
 * written here; every figure comes from a record.
 */

import { table } from '../../dist/numbers/columns.js';
import { mean, median } from '../../dist/numbers/statistics.js';
import { tableMs } from '../../dist/numbers/words.js';
import { accuracyChart } from '../../dist/study/study-chart.js';
import { comparisonSection, legend, percent } from '../../dist/study/study-markdown.js';
import type { StudyRecord } from '../../dist/study/study-record.js';
import { points } from '../../dist/study/summary.js';
import type { BenchRecord, Table } from '../performance/record-format.ts';
import { recordBody } from '../performance/record-markdown.ts';
import { isProof } from '../reliability/promises.ts';
import { discussion } from './discussion.ts';
import { hardwareSection } from './hardware-section.ts';
import { machinesSection } from './machines-section.ts';
import { effectChart, type TradePoint, tradeOffChart } from './report-charts.ts';

export interface Report {
  readonly markdown: string;
  /** By file name, for docs/report/. */
  readonly charts: ReadonlyMap<string, string>;
}

type Studies = ReadonlyMap<string, StudyRecord>;
type Records = ReadonlyMap<string, BenchRecord>;

const chartLink = (title: string, file: string) => `![${title}](report/${file})`;
const notMeasured = (command: string) => `Not measured yet: \`${command}\`.`;
const studyCommand = (name: string) => `npm start -- study --config ${name} --out results/study-${name}`;

/**
 * `newest`: the records of each benchmark; `all`: the older ones too, for the comparison of two machines. Proofs may be of another
 * machine and a busy one: they are in RELIABILITY.md.
 */
export function reportPage(studies: Studies, newest: Records, all: Iterable<BenchRecord> = []): Report {
  const records: Records = new Map([...newest].filter(([bench]) => !isProof(bench)));
  const charts = new Map<string, string>();
  const draw = (file: string, title: string, svg: string | null): string[] => {
    if (svg === null) return [];
    charts.set(file, svg);
    return [chartLink(title, file)];
  };
  const sections = [
    '# Report',
    'Written by `npm run study:report` from the newest records in [results/records](../results/records); no figure is typed ' +
      'by hand, and a test fails if this page is stale. [PERFORMANCE.md](PERFORMANCE.md) has the same records as benchmarks.',
    ...objective(),
    ...hardwareSection([...studies.values(), ...records.values()]),
    ...methods(studies.get('quick'), draw),
    ...ablation(studies.get('leave-one-out'), draw),
    ...bottlenecks(records),
    ...tradeOff(studies.get('quick'), records.get('sprint'), draw),
    ...inference(records),
    ...machinesSection([...all].filter(({ bench }) => !isProof(bench))),
    ...discussion([...studies.values()]),
    ...reproduce(studies, records),
  ];
  return { markdown: `${sections.join('\n\n')}\n`, charts };
}

type Draw = (file: string, title: string, svg: string | null) => string[];

function objective(): string[] {
  return [
    '## Objective',
    'Train a handwritten-digit classifier (MNIST: 60,000 training and 10,000 test images of 28 × 28 pixels) to a given ' +
      'accuracy in the least time, on the cores of an ordinary processor: which methods of the literature reach it sooner, ' +
      'what limits the program, what each further tenth of a percent costs, and how it compares with established libraries. ' +
      'Methods are judged on 10,000 images held out of the training set; the test set only confirms finished recipes.',
  ];
}

function methods(study: StudyRecord | undefined, draw: Draw): string[] {
  const title = '## Methods and the gain of each';
  if (study === undefined) return [title, notMeasured(studyCommand('quick'))];
  const compared = study.comparisons.filter(({ slug }) => slug !== tradeOffSlug);
  return [
    title,
    measured(study),
    legend(study.target),
    '### Overview',
    ...draw('methods.svg', 'Gain or loss of each variant', effectChart(study.title ?? study.name, compared)),
    ...compared.flatMap((each) => {
      const file = `${each.slug}.svg`;
      const chart = accuracyChart(each, study.target);
      if (chart !== null) draw(file, each.name, chart);
      return comparisonSection(each, study.target, 3, chart === null ? null : `report/${file}`);
    }),
  ];
}

function measured({ date, command, commit, machine, status, cells }: StudyRecord): string {
  const origin = commit === null ? '' : `, commit ${commit.slice(0, 10)}`;
  const partial = status === 'done' ? '' : ` The study is not complete (${status}).`;
  return `${cells.finished.toLocaleString('en-US')} runs, measured on ${date.slice(0, 10)} by \`${command}\`${origin}, on ${machine.processor}, Node ${machine.node}, WebAssembly ${machine.wasmLevel}.${partial}`;
}

function ablation(study: StudyRecord | undefined, draw: Draw): string[] {
  const title = '## Leave-one-out ablation';
  if (study === undefined) return [title, notMeasured(studyCommand('leave-one-out'))];
  const sections = study.comparisons.flatMap((comparison) => {
    const { name, slug, question, variants, seeds } = comparison;
    const baseMs = variants.find(({ label }) => label === comparison.baseline)?.residentMs?.median ?? null;
    const rows = variants.map(({ label, accuracy, difference, residentMs, verdict }) => [
      label,
      accuracy === null ? '–' : `${percent(accuracy.mean)} ± ${percent(accuracy.sd ?? 0)}`,
      difference === null ? '' : points(difference.estimate),
      residentMs === null ? '–' : tableMs(residentMs.median),
      residentMs === null || baseMs === null || label === comparison.baseline
        ? ''
        : signedMs(residentMs.median - baseMs),
      verdict,
    ]);
    const heading = ['', 'accuracy', 'points', 'run ms', 'ms', 'verdict'];
    return [
      `### ${name}`,
      `${question ?? ''} ${seeds} seeds; points and milliseconds against the whole recipe, the learning rate kept.`.trim(),
      table([heading, ...rows], 'lrrrrl'),
      ...draw(`ablation-${slug}.svg`, `Leave-one-out: ${name}`, effectChart(name, [comparison])),
    ];
  });
  const what =
    'One ingredient of a recipe is omitted or changed at a time; the loss of points or milliseconds is the value of the ingredient.';
  return [title, what, measured(study), ...sections];
}

const signedMs = (ms: number) => `${ms < 0 ? '−' : '+'}${tableMs(Math.abs(ms))}`;

/** A record's tables whose title matches, under headings of the third level. */
function tablesOf({ tables }: BenchRecord, titles: RegExp): string[] {
  return tables
    .filter(({ title }) => titles.test(title))
    .flatMap(({ title, note, rows }: Table) => {
      const columns = rows[0].map((_, column) => (column === 0 ? 'l' : 'r')).join('');
      return [`### ${title}`, ...(note === undefined ? [] : [note]), table(rows, columns)];
    });
}

const source = ({ date, command }: BenchRecord) => `Measured on ${date.slice(0, 10)} by \`${command}\`.`;

function bottlenecks(records: Records): string[] {
  const [profile, threads, engine] = ['profile', 'threads', 'engine'].map((name) => records.get(name));
  return [
    '## Profile and bottlenecks',
    profile === undefined ? notMeasured('npm run bench -- profile --record') : recordBody(profile, 3),
    ...(threads === undefined ? [] : ['### Time of threads by phase', source(threads)]),
    ...(threads === undefined ? [] : tablesOf(threads, /^Threads|ceiling/)),
    ...(engine === undefined ? [] : ['### Kernels against the peak', source(engine)]),
    ...(engine === undefined ? [] : tablesOf(engine, /ladder|first layer|Width/)),
  ];
}

const tradeOffSlug = 'time-against-accuracy';

function tradeOff(study: StudyRecord | undefined, sprint: BenchRecord | undefined, draw: Draw): string[] {
  const title = '## Training time against accuracy';
  const series = study?.comparisons.find(({ slug }) => slug === tradeOffSlug);
  const fromStudy = (series?.variants ?? []).flatMap(({ label, residentMs, accuracy }): TradePoint[] =>
    residentMs === null || accuracy === null
      ? []
      : [
          {
            recipe: label,
            ms: residentMs.median,
            accuracy: 100 * accuracy.mean,
            series: 'validation images, 1 thread',
          },
        ],
  );
  const fromSprint = sprint === undefined ? [] : sprintPoints(sprint);
  const all = [...fromSprint, ...fromStudy];
  if (all.length === 0) return [title, notMeasured('npm run bench -- sprint --record')];
  const rows = all.map(({ recipe, series: where, accuracy, ms }) => [
    recipe,
    where,
    accuracy.toFixed(2),
    tableMs(ms),
  ]);
  const words =
    'Each row is a whole run from images in memory: direction features, training, and the accuracy on 10,000 images.';
  return [
    title,
    words,
    table([['recipe', 'measured on', 'mean accuracy %', 'median ms'], ...rows], 'llrr'),
    ...draw('time-against-accuracy.svg', 'Resident time against accuracy', tradeOffChart(all)),
  ];
}

/** From the sprint's samples: the largest number of threads for each recipe. */
function sprintPoints({ samples }: BenchRecord): TradePoint[] {
  return Object.entries(samples).flatMap(([key, accuracies]): TradePoint[] => {
    const recipe = /^(.*), accuracy by seed$/.exec(key)?.[1];
    if (recipe === undefined) return [];
    const counts = Object.keys(samples).flatMap((name) => {
      const threads = name.startsWith(`${recipe}, threads `)
        ? /threads (\d+), ms$/.exec(name)?.[1]
        : undefined;
      return threads === undefined ? [] : [Number(threads)];
    });
    if (counts.length === 0) return [];
    const threads = Math.max(...counts);
    const ms = median(samples[`${recipe}, threads ${threads}, ms`]);
    const series = `test images, ${threads} thread${threads === 1 ? '' : 's'}`;
    return [{ recipe, ms, accuracy: 100 * mean(accuracies), series }];
  });
}

function inference(records: Records): string[] {
  const [peers, engine] = [records.get('peers'), records.get('engine')];
  return [
    '## Inference and peers',
    peers === undefined ? notMeasured('npm run bench -- peers --record') : recordBody(peers, 3),
    ...(engine === undefined ? [] : [`Compared with PyTorch and JAX on the same machine: ${source(engine)}`]),
    ...(engine === undefined ? [] : tablesOf(engine, /epoch|Training|sprint recipe/)),
  ];
}

function reproduce(studies: Studies, records: Records): string[] {
  const commands = [...studies.values()].map(({ name, date }) => [studyCommand(name), date]);
  const benches = [...records.values()].map(({ command, date }) => [command, date]);
  const rows = [...commands, ...benches].map(([command, date]) => [`\`${command}\``, date.slice(0, 10)]);
  return [
    '## How to reproduce',
    '`npm ci`, then these on an otherwise idle machine; studies end with `npm run study:record -- FOLDER`, which stores ' +
      'them under results/records. `npm run docs` and `npm run study:report` write the pages anew.',
    table([['command', 'recorded'], ...rows], 'll'),
    'A study that is interrupted resumes with the same `--out`; `--dry-run` prints its plan and cost first.',
  ];
}
