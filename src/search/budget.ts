/** The search of `fit --budget`: its cells, the leaderboard, and the model of the best one as that of the run. */

import { markdownTable } from 'markdown-table';
import Papa from 'papaparse';
import type { MetricName } from '../config/choices.js';
import type { Config } from '../config/schema.js';
import { openSetup, planFor, type Setup } from '../coordinator/setup.js';
import { withTrainer } from '../coordinator/trainer.js';
import type { Judged } from '../metrics/judged.js';
import { isBetter, metricOf, metricsOf, taskOf } from '../metrics/metric.js';
import { plural } from '../numbers/words.js';
import { runLength } from '../plan/run-length.js';
import { sameForAnyThreads } from '../plan/threads.js';
import type { CommandContext } from '../run/command-context.js';
import type { RunLog } from '../run/log.js';
import { MetricsWriter } from '../run/metrics-file.js';
import type { Progress } from '../run/progress.js';
import { createRecorder } from '../run/recorder.js';
import { metricInWords } from '../run/result-card.js';
import { testIntervalOf } from '../run/test-interval.js';
import type { Before, Trained } from '../run/train-in-folder.js';
import type { Kept } from '../run/train-result.js';
import { UserError } from '../user-error.js';
import { type Cell, type CellModel, searchCells } from './cells.js';
import { drawSettings } from './space.js';

export const leaderboardName = 'leaderboard.csv';

/**
 * Of the time, for the evaluation on the test rows and the files of the run: they take most of what start, reading and preparing
 * took, also on a machine that is busy.
 */
const reserveMs = (budgetMs: number, startMs: number) =>
  Math.min(0.25 * budgetMs, Math.max(300, 0.6 * startMs));

const shownCells = 10;

const silentProgress: Progress = { update() {}, note() {}, warn() {}, finish() {} };
const noLog: RunLog = { event() {}, flush() {}, close() {} };

/** `budgetMs`: from the start of the process. `isFixed`: of keys that the user chose. */
export function budgetSearch(
  setup: Setup,
  budgetMs: number,
  isFixed: (key: string) => boolean,
  context: CommandContext,
): Before {
  const { config } = setup;
  if (config.stop.on !== 'validation')
    throw UserError.refusal(
      'stop.on',
      'validation with --budget: settings are compared on it',
      config.stop.on,
    );
  const cells: Cell[] = [];
  const plan = planFor(setup);
  let best: CellModel | null = null;
  return {
    async run(_, record) {
      const writers = new Map<number, MetricsWriter>();
      await searchCells({
        ...{ setup, signal: context.signal, lanes: setup.threads.count },
        draws: drawSettings(config, plan.parts.train.count, isFixed),
        deadline: budgetMs - reserveMs(budgetMs, performance.now()),
        observe: (cell, config, plan) => {
          const writer = new MetricsWriter();
          writers.set(cell, writer);
          return recorderOf(writer, config, plan, setup, context);
        },
        finished(cell, model) {
          cells.push(cell);
          const writer = writers.get(cell.cell);
          writers.delete(cell.cell);
          if (model !== null && writer !== undefined) {
            best = model;
            record.metrics = writer;
          }
          context.progress.note(cellLine(cell, plan.metric));
        },
      });
      return best === null ? null : trainedBy(best, setup, record, context);
    },
    results() {
      if (best === null) return {};
      const ranked = rankedCells(cells, plan.metric);
      const { cell, settings } = best.cell;
      const shown = ranked.map(({ config: _, ...one }, at) => ({ rank: at + 1, ...one }));
      return {
        files: { [leaderboardName]: leaderboard(ranked, plan.metric) },
        keys: {
          search: {
            budgetSeconds: budgetMs / 1000,
            metric: plan.metric,
            chosen: { cell, settings },
            cells: shown,
          },
        },
        lines: leaderboardLines(ranked, plan.metric, budgetMs),
      };
    },
  };
}

/** The best first; of equal ones that which began first; cells without a model last. */
export function rankedCells(cells: readonly Cell[], name: MetricName): Cell[] {
  return cells.toSorted((a, b) => {
    if (a.value === null || b.value === null) return Number(a.value === null) - Number(b.value === null);
    if (a.value === b.value) return a.cell - b.cell;
    return isBetter(metricOf(name), a.value, b.value) ? -1 : 1;
  });
}

const ends: Readonly<Record<Cell['end'], string>> = {
  whole: 'whole',
  behind: 'behind, ended early',
  time: 'ended by the time',
  none: 'no model',
};

const settingsInWords = ({ settings }: Cell): string => {
  const words = Object.entries(settings).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return words.length === 0 ? 'the recipe' : words.join(' ').replaceAll('"', '');
};

const valueInWords = ({ value }: Cell, name: MetricName) =>
  value === null ? '–' : metricInWords(name, value);

const cellLine = (cell: Cell, name: MetricName): string =>
  `cell ${cell.cell}: ${valueInWords(cell, name)}, ${plural(cell.epochs, 'epoch')}, ${cell.seconds.toFixed(1)} s, ${ends[cell.end]}: ${settingsInWords(cell)}`;

function leaderboardLines(ranked: readonly Cell[], name: MetricName, budgetMs: number): string[] {
  const rows = ranked
    .slice(0, shownCells)
    .map((cell, at) => [
      ...[String(at + 1), String(cell.cell), valueInWords(cell, name), cell.seconds.toFixed(1)],
      ...[String(cell.epochs), ends[cell.end], settingsInWords(cell)],
    ]);
  const table = markdownTable(
    [['rank', 'cell', `${name} (validation)`, 's', 'epochs', 'end', 'settings'], ...rows],
    { align: ['r', 'r', 'r', 'r', 'r', 'l', 'l'] },
  );
  const more =
    ranked.length > shownCells ? `, the first ${shownCells} here and all in ${leaderboardName}` : '';
  return [
    `search     ${plural(ranked.length, 'cell')} within ${budgetMs / 1000} s of the start${more}`,
    ...table.split('\n'),
    '',
  ];
}

function leaderboard(ranked: readonly Cell[], name: MetricName): string {
  const rows = ranked.map((cell, at) => [
    ...[at + 1, cell.cell, cell.value ?? '', cell.seconds.toFixed(3), cell.epochs, cell.end],
    settingsInWords(cell),
  ]);
  const heading = ['rank', 'cell', name, 'seconds', 'epochs', 'end', 'settings'];
  return `${Papa.unparse([heading, ...rows], { newline: '\n' })}\n`;
}

function recorderOf(
  metrics: MetricsWriter,
  config: Config,
  plan: Trained['plan'],
  setup: Setup,
  context: CommandContext,
) {
  const { images, stepsPerEpoch } = runLength(config, plan.parts.train.count);
  metrics.measures(plan.metric);
  return createRecorder({
    ...{ log: noLog, metrics, scalars: null, progress: silentProgress, config },
    ...{ imagesPerEpoch: images, stepsPerEpoch, metric: plan.metric },
    hasAccuracy: taskOf(setup.data.goal.facts, setup.data.goal.loss) !== 'regression',
    warn: context.warnings.warn,
  });
}

/**
 * The run as if the best settings had been trained alone: the same samples, seed and steps give the same bits. It is evaluated on the
 * test rows, once, unless the user has ended it. Null: it must be trained, because the test rows decide on its transforms.
 */
async function trainedBy(
  { cell, setup: own, plan: ownPlan, outcome, metrics, tensors }: CellModel,
  { dataset, resources, cores, given, signal, note, warn, config: { parallel } }: Setup,
  record: Kept,
  context: CommandContext,
): Promise<Trained | null> {
  const { seed } = own.config;
  // What followed from the table is chosen; nothing is chosen again beside the settings found.
  const { train } = own.config;
  const chosen: Config = { ...own.config, parallel, train: { ...train, byTable: false } };
  const config = withLength(chosen, cell, outcome.epochs);
  const push = async (tested: Judged | null) => {
    const testMetrics = tested && metricsOf(tested);
    const testAccuracy = testMetrics?.accuracy ?? null;
    const testInterval = await testIntervalOf(own.config, tested);
    const all = { metrics, testMetrics, testAccuracy, testInterval };
    record.results.push({ seed, status: 'done', outcome, ...all });
    record.accuracy = outcome.evaluation?.accuracy ?? null;
    record.tensors = tensors;
    record.coldMs ??= performance.now();
  };
  if (context.signal.aborted) {
    await push(null);
    return { setup: { ...own, config }, plan: ownPlan };
  }
  // The batch is fitted to the data already.
  const fixed = new Set([...(given ?? []), 'train.batch']);
  const about = { dataset, resources, cores, signal, note() {}, warn, given: fixed, startsWorkers: false };
  const setup = await openSetup({ ...about, config });
  if (!areEqual(setup, own)) {
    note('the test rows have values that the training rows have not: the best settings are trained again');
    record.metrics = new MetricsWriter();
    return null;
  }
  const threads = sameForAnyThreads(ownPlan.sync) ? setup.threads.count : 1;
  const plan = planFor(setup, threads);
  const { test } = plan.parts;
  await (test.count === 0
    ? push(null)
    : withTrainer(setup, plan, async ({ session }) => {
        session.setParameters(tensors, 'the best cell');
        await session.evaluate('test');
        await push(session.judged('test'));
      }));
  return { setup, plan };
}

/** A cell that ended early had fewer epochs: the configuration says how many, if the learning rate does not depend on it. */
function withLength(config: Config, { end }: Cell, epochs: number): Config {
  const isShorter = end === 'behind' || end === 'time';
  const isFree = config.schedule.name === 'constant' && config.train.tailAverage === 0;
  return isShorter && isFree ? { ...config, train: { ...config.train, epochs } } : config;
}

/** Whether both have the same transforms. */
function areEqual(one: Setup, other: Setup): boolean {
  const tensorsOf = ({ data: { pipeline, goal } }: Setup) =>
    [...pipeline.tensors(), ...(goal.scale?.tensors() ?? [])].map(
      ([name, { data }]) => [name, Buffer.from(data.buffer, data.byteOffset, data.byteLength)] as const,
    );
  const theirs = new Map(tensorsOf(other));
  return tensorsOf(one).every(([name, bytes]) => theirs.get(name)?.equals(bytes) === true);
}
