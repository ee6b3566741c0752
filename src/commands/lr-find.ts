/** The `lr-find` command: a learning-rate range test and the run folder it leaves. */
import type { ResolvedConfig } from '../config/load.js';
import { readInitialTensors } from '../coordinator/initial-tensors.js';
import { planFor, setUp, withPool, withSession } from '../coordinator/setup.js';
import { startParameters } from '../coordinator/training-run.js';
import type { CoreCount } from '../machine/cores.js';
import { runLength } from '../plan/run-length.js';
import { chooseThreads } from '../plan/threads.js';
import type { CommandContext } from '../run/command-context.js';
import { recordFailure } from '../run/recorder.js';
import { beginRun } from '../run/run-beginning.js';
import { endRun } from '../run/run-ending.js';
import { shownFolder } from '../run/run-folder.js';
import type { RangePoint } from '../study/range-test.js';
import { ExitCode, UserError } from '../user-error.js';

export interface LrFindOptions {
  readonly resolved: ResolvedConfig;
  readonly cores: CoreCount;
  readonly from: number;
  readonly to: number;
  readonly steps: number;
  readonly out: string | null;
}

/** Below this nothing can be told apart. */
const fewestSteps = 10;

export async function lrFind(options: LrFindOptions, context: CommandContext): Promise<ExitCode> {
  const { resolved, from, to, steps, out } = options;
  if (from >= to)
    throw new UserError(`--from: expected a rate below --to (${to}), got ${from}`, ExitCode.usage);
  if (steps < fewestSteps)
    throw new UserError(
      `--steps: expected an integer from ${fewestSteps} to 100000, got ${steps}`,
      ExitCode.usage,
    );
  const { config, name } = resolved;
  const { signal, progress } = context;
  const { analyseRange, runRangeTest } = await import('../study/range-test.js');
  const initialTensors = readInitialTensors(config);
  const setup = await setUp(config, options.cores, signal, progress);
  const train = setup.data.facts.parts.train.count;
  const choice = chooseThreads(
    config,
    options.cores,
    { train, evaluated: 10_000 },
    setup.data.facts.features,
  );
  const plan = planFor(setup, choice.count);
  // A range test is no attempt at the recipe's target, and reports are not to count it as one.
  const untargeted = { ...resolved, config: { ...config, stop: { ...config.stop, target: null } } };
  const { folder, log, description } = await beginRun(untargeted, out, context);
  log.event('plan', { plan, threads: choice });
  const heard: RangePoint[] = [];
  const startedAt = performance.now();
  const { stepsPerEpoch } = runLength(config, train);
  let diverged = false;
  let failure: unknown = null;
  try {
    const run = await withPool(choice.count, (pool) =>
      withSession(setup, plan, pool, signal, (session) => {
        startParameters(session, config, config.seed, initialTensors);
        return runRangeTest(session, config, { from, to, steps }, (point) => {
          heard.push(point);
          const { step, loss, batchAccuracy, learningRate: lr } = point;
          const epoch = Math.ceil(step / stepsPerEpoch);
          log.event('step', {
            step,
            epoch,
            loss,
            batchAccuracy,
            lr,
            elapsedMs: performance.now() - startedAt,
          });
        });
      }),
    );
    diverged = run.diverged;
  } catch (error) {
    failure = error;
    recordFailure(log, error);
  }
  progress.finish();
  const interrupted = signal.aborted;
  const run = { points: heard, diverged };
  const finding = failure === null && heard.length >= 3 ? analyseRange(run) : null;
  if (failure === null && finding === null)
    failure = new UserError(
      `the loss was not finite from the first steps on: --from ${from} is too high a rate`,
    );
  const status = interrupted ? 'interrupted' : failure === null ? 'done' : 'failed';
  const exitCode = interrupted ? ExitCode.interrupted : failure === null ? ExitCode.done : ExitCode.failure;
  const result = {
    schema: 1,
    name,
    status,
    from,
    to,
    seed: config.seed,
    threads: choice.count,
    steps: heard.length,
    diverged,
    suggested: finding?.suggested ?? null,
    minimum: finding?.minimum ?? null,
    edge: finding?.edge ?? null,
  };
  const report = finding === null ? null : await import('../study/range-report.js');
  const files: Record<string, string> =
    finding === null || report === null
      ? {}
      : {
          'lr-find.csv': report.rangeCsv(run, finding),
          'lr-find.svg': report.rangeChart(name, run, finding),
        };
  const reason = failure instanceof Error ? failure.message : diverged ? 'diverged' : 'all rates were tried';
  await endRun({ setup, folder, log, description, status, exitCode }, reason, result, files);
  if (context.json) context.stdout(JSON.stringify(result));
  else if (finding !== null && report !== null) {
    const { rateText } = report;
    const { suggested, minimum, edge } = finding;
    context.stdout(
      [
        report.rangeTable(run, finding),
        '',
        ...(suggested === null
          ? [`suggested  none: the loss never fell; begin below --from ${rateText(from)}`]
          : [
              `suggested  ${rateText(suggested)}, where the smoothed loss falls fastest`,
              `minimum    ${rateText(minimum)}, where it is least; a tenth of it is ${rateText(minimum / 10)}`,
              `edge       ${edge === null ? `not up to ${rateText(to)}` : `${rateText(edge)}, where half of what was gained is lost again`}`,
            ]),
        `folder     ${shownFolder(folder)}`,
      ].join('\n'),
    );
  }
  if (interrupted) context.stderr(`interrupted; what was measured is in ${shownFolder(folder)}`);
  else if (failure !== null) throw failure;
  return exitCode;
}
