/** The `lr-find` command: runs a learning-rate range test and writes its run folder. */

import { planFor, withSetup } from '../coordinator/setup.js';
import { withTrainer } from '../coordinator/trainer.js';
import { countCores } from '../machine/cores.js';
import { runLength } from '../plan/run-length.js';
import { missingCharts } from '../report/chart-packages.js';
import type { CommandContext } from '../run/command-context.js';
import { endRun } from '../run/run-ending.js';
import { shownFolder } from '../run/run-folder.js';
import { withRun } from '../run/with-run.js';
import type { RangeFinding, RangePoint, RangeRun } from '../study/range-test.js';
import { ExitCode, UserError } from '../user-error.js';
import type { Warn } from '../warnings.js';
import type { Command } from './command.js';
import { count, folder, outOption, overwriteOption, quietOption, rate } from './option-values.js';
import { type Beginning, begin, declareSettings, implied } from './training-options.js';

interface Flags {
  readonly config?: string;
  readonly from: number;
  readonly to: number;
  readonly steps: number;
  readonly out?: string;
  readonly overwrite: boolean;
}

export const command: Command<Flags> = {
  declare: (parser) =>
    declareSettings(parser)
      .option('--config <file>', 'YAML configuration (default: configs/mnist-97.yaml)')
      .option('--from <rate>', 'the first rate', rate('from'), 1e-4)
      .option('--to <rate>', 'the last rate', rate('to'), 10)
      .option('--steps <n>', 'steps from the first to the last', count('steps'), 100)
      .option(outOption, 'the run folder (default: a new one under results/)', folder)
      .option(...overwriteOption)
      .option(...quietOption),
  async run(words, { config, from, to, steps, ...place }, line) {
    const beginning = await begin(config ?? implied('mnist-97'), words, place, await countCores(), line);
    return beginning === null ? ExitCode.done : lrFind({ ...beginning, from, to, steps }, line);
  },
};

export interface LrFindOptions extends Beginning {
  readonly from: number;
  readonly to: number;
  readonly steps: number;
}

const noteEveryMs = 1000;

/** A curve of fewer points has no slope. */
const fewestPoints = 3;

/** With fewer steps, no rate can be distinguished from its neighbours. */
const fewestSteps = 10;

export async function lrFind(options: LrFindOptions, context: CommandContext): Promise<ExitCode> {
  const { resolved, from, to, steps, place } = options;
  if (from >= to)
    throw new UserError(`--from: expected a rate below --to (${to}), got ${from}`, ExitCode.usage);
  if (steps < fewestSteps)
    throw new UserError(
      `--steps: expected an integer from ${fewestSteps} to 100000, got ${steps}`,
      ExitCode.usage,
    );
  const { name, given } = resolved;
  const { signal, progress } = context;
  const { analyseRange, runRangeTest } = await import('../study/range-test.js');
  const note = (line: string) => progress.note(line);
  const { warn } = context.warnings;
  return withSetup({ config: resolved.config, given, cores: options.cores, signal, note, warn }, (setup) => {
    const { config } = setup;
    const plan = planFor(setup);
    // A range test does not try to reach the recipe's target, so reports must not count it.
    const untargeted = { ...resolved, config: { ...config, stop: { ...config.stop, target: null } } };
    const points: RangePoint[] = [];
    let run: RangeRun = { points, diverged: false };
    let finding: RangeFinding | null = null;
    return withRun(untargeted, place, context, {
      async body({ log }) {
        log.event('plan', { plan, threads: setup.threads });
        const startedAt = performance.now();
        let shownMs = 0;
        const { stepsPerEpoch } = runLength(config, plan.parts.train.count);
        await withTrainer(setup, plan, async (trainer) => {
          await trainer.start(config.seed);
          run = await runRangeTest(trainer.session, config, { from, to, steps }, (point) => {
            points.push(point);
            const { step, loss, batchAccuracy, learningRate: lr } = point;
            const epoch = Math.ceil(step / stepsPerEpoch);
            const elapsedMs = performance.now() - startedAt;
            log.event('step', { step, epoch, loss, batchAccuracy, lr, elapsedMs });
            if (elapsedMs < shownMs + noteEveryMs) return;
            shownMs = elapsedMs;
            note(`tried ${step} of ${steps} rates, up to ${lr.toPrecision(3)}: loss ${loss.toFixed(4)}`);
          });
        });
      },
      judge() {
        if (points.length < fewestPoints)
          throw new UserError(
            `the loss was not finite in the first steps: --from ${from} is too high a rate`,
          );
        return 'done';
      },
      async end({ folder, log, description }, { status, exitCode, failure }) {
        // The rates that were tried, also if the test was interrupted.
        if (points.length >= fewestPoints) finding = analyseRange(run);
        const chart = finding === null ? {} : await chartOf(name, run, finding, warn);
        const result = {
          schema: 1,
          name,
          status,
          from,
          to,
          seed: config.seed,
          threads: plan.threads,
          steps: points.length,
          diverged: run.diverged,
          suggested: finding?.suggested ?? null,
          minimum: finding?.minimum ?? null,
          edge: finding?.edge ?? null,
          warnings: context.warnings.list,
        };
        const report = finding === null ? null : await import('../study/range-report.js');
        const files: Record<string, string> =
          finding === null || report === null
            ? {}
            : {
                'lr-find.csv': report.rangeCsv(run, finding),
                ...chart,
              };
        const ended = run.diverged ? 'diverged' : 'all rates were tried';
        const reason = failure instanceof Error ? failure.message : ended;
        const show = () => {
          if (context.json) context.stdout(JSON.stringify(result));
          else if (finding !== null && report !== null)
            context.stdout(
              [
                report.rangeTable(run, finding),
                '',
                ...advice(finding, options, report.rateText),
                `folder     ${shownFolder(folder)}`,
              ].join('\n'),
            );
        };
        await endRun({ setup, folder, log, description, status, exitCode }, { reason, result, files, show });
      },
    });
  });
}

function advice(
  { suggested, minimum, edge }: RangeFinding,
  { from, to }: LrFindOptions,
  rateText: (rate: number) => string,
): string[] {
  if (suggested === null)
    return [`suggested  none: the loss never fell; start below --from ${rateText(from)}`];
  const last =
    edge === null
      ? `not up to ${rateText(to)}`
      : `${rateText(edge)}, where half of the fall of the loss is lost again`;
  return [
    `suggested  ${rateText(suggested)}, where the smoothed loss falls fastest`,
    `minimum    ${rateText(minimum)}, where the smoothed loss is lowest; a tenth of it is ${rateText(minimum / 10)}`,
    `edge       ${last}`,
  ];
}

/** Without a file if charts cannot be drawn. */
async function chartOf(
  name: string,
  run: RangeRun,
  finding: RangeFinding,
  warn: Warn,
): Promise<Record<string, string>> {
  const missing = await missingCharts();
  if (missing === null) {
    const { rangeChart } = await import('../study/range-chart.js');
    return { 'lr-find.svg': rangeChart(name, run, finding) };
  }
  warn('charts-omitted', `lr-find.svg ${missing}`);
  return {};
}
