/**
 * The `study` command: compares variants of recipes in pairs. It prints its plan and cost first, and resumes a study
 * that was interrupted.
 */

import { existsSync } from 'node:fs';
import os from 'node:os';
import { codeOf } from '../coordinator/interruption.js';
import { type CoreCount, countCores } from '../machine/cores.js';
import { measuredMachine } from '../machine/speed.js';
import { missingCharts } from '../report/chart-packages.js';
import { firstFailure } from '../run/atomic-file.js';
import type { CommandContext } from '../run/command-context.js';
import { claimFor } from '../run/folder-claim.js';
import {
  createRunFolder,
  describeRun,
  type RunFolder,
  readVersions,
  shownFolder,
  writeAtomic,
} from '../run/run-folder.js';
import { CellStore } from '../study/cell-store.js';
import type { Machine } from '../study/cells.js';
import { type ComparisonEstimate, estimateComparison } from '../study/estimate.js';
import { type Comparison, expandStudy } from '../study/expand.js';
import { cellsOf, missingSeeds, type PreparedVariant, prepareVariants } from '../study/prepare.js';
import { runComparison } from '../study/run-comparison.js';
import { type LoadedStudy, readStudy } from '../study/study-file.js';
import { duration, planMarkdown, studyMarkdown } from '../study/study-markdown.js';
import type { StudyRecord } from '../study/study-record.js';
import { type ComparisonSummary, summarise } from '../study/summary.js';
import { Workbench } from '../study/workbench.js';
import { ExitCode, expectedGot, UserError } from '../user-error.js';
import type { Warn } from '../warnings.js';
import type { Command } from './command.js';
import { folder, outOption, quietOption } from './option-values.js';
import { noteSlowRuntime } from './training-options.js';

interface Flags {
  readonly config: string;
  readonly out?: string;
  readonly only?: readonly string[];
  readonly dryRun: boolean;
}

export const command: Command<Flags> = {
  declare: (parser) =>
    parser
      .option('--config <file>', 'YAML study file', 'quick')
      .option(outOption, 'the study folder; cells already finished in it are not run again', folder)
      .option('--only <names>', 'only these comparisons, separated by commas', names)
      .option('--dry-run', 'print the plan and its estimated cost, then stop', false)
      .option(...quietOption),
  async run(_, { config, out = null, only = null, dryRun }, line) {
    noteSlowRuntime(line.progress);
    return study({ file: config, cores: await countCores(), out, dryRun, only }, line);
  },
};

function names(text: string): string[] {
  const found = text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (found.length > 0) return found;
  throw new UserError(
    `--only: ${expectedGot('names of comparisons, separated by commas', text)}`,
    ExitCode.usage,
  );
}

export interface StudyOptions {
  readonly file: string;
  readonly cores: CoreCount;
  readonly out: string | null;
  readonly dryRun: boolean;
  /** Names of the selected comparisons; null: all. */
  readonly only: readonly string[] | null;
}

/** A comparison that is ready to run. */
interface Ready {
  readonly comparison: Comparison;
  readonly variants: readonly PreparedVariant[];
}

const cellsFile = 'cells.ndjson';

/** State of the machine before the study loads it. */
const loadAtStart = os.loadavg()[0] ?? 0;

export async function study(options: StudyOptions, context: CommandContext): Promise<ExitCode> {
  const startedAt = performance.now();
  const loaded = await readStudy(options.file);
  const comparisons = await expandStudy(loaded, options.only);
  await requireBackends(comparisons);
  const workbench = new Workbench(options.cores, context);
  let release = () => {};
  try {
    const machine = machineOf(workbench);
    // A dry run creates no folder; it reads an existing one to report the cells that are left.
    const folder = options.dryRun ? null : await folderOf(loaded, options.out, context.warnings.warn);
    release = folder?.release ?? release;
    const store = new CellStore(storeFile(folder, options.out), folder !== null);
    if (store.damaged > 0)
      context.progress.note(`${cellsFile}: ${store.damaged} unreadable lines; their cells run again`);
    const ready: Ready[] = [];
    let known = 0;
    const estimates: ComparisonEstimate[] = [];
    for (const comparison of comparisons) {
      const variants = await prepareVariants(comparison, workbench, store, machine);
      ready.push({ comparison, variants });
      for (const each of variants) known += cellsOf(each, comparison, store).length;
      estimates.push(await estimateComparison(comparison, variants, workbench, store));
    }
    if (store.size > known)
      context.progress.note(
        `${cellsFile}: ${store.size - known} cells of other variants, other comparisons or another machine do not count`,
      );
    if (folder === null) {
      context.stdout(context.json ? JSON.stringify({ schema: 1, estimates }) : planMarkdown(estimates));
      return ExitCode.done;
    }
    if (!context.json) context.stdout(`${planMarkdown(estimates)}\n`);
    return await runAll({ loaded, ready, store, folder, workbench, startedAt }, context);
  } finally {
    release();
    await workbench.close();
  }
}

/** Printed before any cell runs. */
async function requireBackends(comparisons: readonly Comparison[]): Promise<void> {
  const backends = comparisons.flatMap(({ variants }) => variants.map(({ config }) => config.backend.name));
  if (backends.includes('tfjs-node')) (await import('../backend/tfjs/library.js')).requirePackage();
}

function machineOf(workbench: Workbench): Machine {
  const { level } = workbench.kernels();
  const processor = os.cpus()[0]?.model.trim() ?? 'unknown processor';
  return { processor, node: process.versions.node, wasmLevel: level };
}

function storeFile(folder: RunFolder | null, out: string | null): string | null {
  if (folder !== null) return folder.file(cellsFile);
  return out === null ? null : `${out}/${cellsFile}`;
}

async function folderOf({ name, text }: LoadedStudy, out: string | null, warn: Warn): Promise<RunFolder> {
  const folder = await createRunFolder({
    root: 'results',
    out,
    name: `study-${name}`,
    claim: claimFor('study'),
    warn,
  });
  await writeAtomic(folder.file('study.yaml'), text);
  return folder;
}

interface Running {
  readonly loaded: LoadedStudy;
  readonly ready: readonly Ready[];
  readonly store: CellStore;
  readonly folder: RunFolder;
  readonly workbench: Workbench;
  readonly startedAt: number;
}

async function runAll(running: Running, context: CommandContext): Promise<ExitCode> {
  const { loaded, ready, store, folder, workbench } = running;
  const { signal, progress } = context;
  const description = describeRun({
    name: loaded.name,
    command: context.command,
    seed: loaded.study.firstSeed,
  });
  const missing = () =>
    ready.reduce(
      (sum, { comparison, variants }) =>
        sum + variants.reduce((cells, each) => cells + missingSeeds(each, comparison, store).length, 0),
      0,
    );
  const toRun = missing();
  let done = 0;
  let failure: unknown = null;
  let toldAt = performance.now();
  const summaries: ComparisonSummary[] = [];
  const summary = ({ comparison, variants }: Ready) =>
    summarise(
      comparison,
      variants.map((each) => ({
        label: each.variant.label,
        settings: each.variant.settings,
        threads: each.threads,
        cells: cellsOf(each, comparison, store),
      })),
      loaded.study.target,
    );
  try {
    for (const each of ready) {
      progress.note(`${done}/${toRun} cells: ${each.comparison.name}`);
      toldAt = performance.now();
      await runComparison(each.comparison, each.variants, workbench, store, (label, seed) => {
        done++;
        if (performance.now() - toldAt < 2000) return;
        toldAt = performance.now();
        progress.note(`${done}/${toRun} cells: ${each.comparison.name}, ${label}, seed ${seed}`);
      });
    }
  } catch (error) {
    failure = error;
  }
  summaries.push(...ready.map(summary));
  const status = signal.aborted ? 'interrupted' : failure === null ? 'done' : 'failed';
  const record: StudyRecord = {
    schema: 1,
    kind: 'study',
    name: loaded.name,
    title: loaded.study.title ?? null,
    status,
    command: context.command,
    versions: readVersions(),
    ...(await origin(description)),
    machine: { ...(await measuredMachine(workbench.kernels())), loadAtStart },
    target: loaded.study.target,
    elapsedMs: performance.now() - running.startedAt,
    cells: { all: cellCount(ready), finished: cellCount(ready) - missing(), runNow: done },
    study: loaded.study,
    comparisons: summaries,
  };
  const unwritten = await writeFiles(record, folder, context.warnings.warn);
  if (context.json) context.stdout(JSON.stringify(record));
  else context.stdout(closing(record, folder));
  if (signal.aborted) {
    if (unwritten instanceof Error) context.stderr(`error: ${unwritten.message}`);
    context.stderr(`interrupted; finished cells are kept; to continue: --out ${shownFolder(folder)}`);
    return codeOf(context.signal);
  }
  const failures = [failure, unwritten].filter((error) => error !== null);
  if (failures.length === 0) return ExitCode.done;
  throw await firstFailure(failures.map((error) => Promise.reject(error)));
}

function cellCount(ready: readonly Ready[]): number {
  return ready.reduce((sum, { comparison, variants }) => sum + variants.length * comparison.seeds.length, 0);
}

/** The commit, with `+` if tracked or new files had changes, and the end time of the study. */
async function origin(description: ReturnType<typeof describeRun>) {
  const { git, finishedAt } = await description.finish({ hardware: null, dataSha256: {}, wasmSha256: {} });
  return { commit: git === null ? null : `${git.commit}${git.dirty ? '+' : ''}`, date: finishedAt };
}

/**
 * Writes study.json, study.md and a chart for each comparison, and returns the reason for which one is not written, or
 * null. Plot is loaded here: only a finished study pays its 100 ms.
 */
async function writeFiles(record: StudyRecord, folder: RunFolder, warn: Warn): Promise<unknown> {
  const missing = await missingCharts();
  const works = [writeAtomic(folder.file('study.json'), `${JSON.stringify(record, null, 1)}\n`)];
  if (missing === null) works.push(writeCharts(record, folder));
  else warn('charts-omitted', `the charts of ${folder.file('study.md')} ${missing}`);
  await Promise.allSettled(works);
  const charts = record.comparisons.every(({ slug }) => existsSync(folder.file(`${slug}.svg`)));
  return firstFailure([...works, writeAtomic(folder.file('study.md'), studyMarkdown(record, charts))]);
}

async function writeCharts(record: StudyRecord, folder: RunFolder): Promise<void> {
  const { accuracyChart } = await import('../study/study-chart.js');
  for (const each of record.comparisons) {
    const chart = accuracyChart(each, record.target);
    if (chart !== null) await writeAtomic(folder.file(`${each.slug}.svg`), chart);
  }
}

/** The lines that stdout shows at the end, one for each variant. */
function closing({ comparisons, cells, elapsedMs }: StudyRecord, folder: RunFolder): string {
  const lines = comparisons.flatMap(({ name, variants }) => [
    name,
    ...variants.map(({ label, verdict }) => `  ${label}: ${verdict}`),
  ]);
  return [
    ...lines,
    '',
    `cells      ${cells.finished} of ${cells.all}, ${cells.runNow} of them now, ${duration(elapsedMs)}`,
    `folder     ${shownFolder(folder)}`,
  ].join('\n');
}
