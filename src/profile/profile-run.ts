/** Turns a profiled run's stamps into the profile and the files of its run folder. */

import type { Setup } from '../coordinator/setup.js';
import type { UnfinishedOutcome } from '../coordinator/training-run.js';
import { loadKernels } from '../kernels/load.js';
import { measureSpeed } from '../machine/speed.js';
import { median } from '../numbers/statistics.js';
import type { Plan } from '../plan/plan.js';
import { doublesPerStamp, headerDoubles } from '../plan/stamp-room.js';
import { missingCharts } from '../report/chart-packages.js';
import { describeNetwork } from '../run/recipe-words.js';
import type { ShownProfile } from '../run/train-result.js';
import type { Warn } from '../warnings.js';
import type { Collector, CommandRecord } from './collector.js';
import { phaseTable } from './phase-table.js';
import { phaseNumber, phasesOf } from './phases.js';
import { PhaseRecorder } from './recorder.js';
import { type Profile, profileJson, profileText, type StampCost } from './report.js';
import { type StartupMarks, type StartupStage, startupStages } from './startup.js';
import { visitSlices } from './timeline.js';
import { type Totals, totalsOf } from './totals.js';
import { traceOf } from './trace.js';
import { judge } from './verdict.js';
import { type RunWork, workOf } from './work.js';

export interface ProfiledRun {
  readonly name: string;
  /** How it ended, in words. */
  readonly ended: string;
  readonly setup: Setup;
  readonly plan: Plan;
  readonly collector: Collector;
  readonly outcome: UnfinishedOutcome;
  readonly stepsPerEpoch: number;
  /** Times that the command recorded before the run began. */
  readonly marks: Omit<StartupMarks, 'run' | 'firstStep'>;
  readonly warn: Warn;
}

/** A profile with the texts of its files by name. */
export interface MadeProfile extends ShownProfile {
  readonly files: Readonly<Record<string, string>>;
}

/** For a run that has begun, also if it was interrupted. */
export async function makeProfile(run: ProfiledRun): Promise<MadeProfile> {
  const { name, plan, setup, collector, outcome } = run;
  const measured = measureSpeed(setup.kernels ?? loadKernels());
  const totals = totalsOf(plan, collector);
  const wallMs = outcome.residentMs;
  const table = phaseTable({ totals, work: workOf(plan, workOfRun(run)), wallMs, roof: measured });
  const startup = startupOf(run);
  const startupMs = collector.sinceStart(collector.orders[0]?.from ?? 0);
  const profile: Profile = {
    name,
    ended: run.ended,
    network: describeNetwork(plan),
    batch: plan.batch,
    sync: plan.sync,
    backend: plan.backend,
    steps: outcome.steps,
    epochs: outcome.epochs,
    images: outcome.images,
    accuracy: outcome.evaluation?.accuracy ?? null,
    table,
    startup,
    verdict: judge(table, startupMs),
    stamps: stampCost(totals, collector, wallMs),
    sparse: plan.input.rangeEnds.length > 0 && plan.backend === 'wasm',
  };
  const text = profileText(profile);
  const json = profileJson(profile);
  return {
    text,
    json,
    measured,
    files: {
      'profile.md': text,
      'profile.json': `${JSON.stringify(json, null, 2)}\n`,
      ...(await rooflineOf(run, table)),
      'trace.json': JSON.stringify(traceOfRun(run, startup)),
    },
  };
}

/** Without a file if charts cannot be drawn. */
async function rooflineOf(
  { name, warn }: ProfiledRun,
  table: Profile['table'],
): Promise<Record<string, string>> {
  const missing = await missingCharts();
  if (missing === null) {
    const { rooflineChart } = await import('./roofline-chart.js');
    return { 'roofline.svg': rooflineChart(table, `Roofline of ${name}`) };
  }
  warn('charts-omitted', `roofline.svg ${missing}`);
  return {};
}

function workOfRun({ setup, plan, collector, outcome }: ProfiledRun): RunWork {
  const { parts } = setup.data.facts;
  const mean = ({ count, nonZeros }: { count: number; nonZeros: number }) =>
    count === 0 ? 0 : nonZeros / count;
  const evaluations = collector.commands.flatMap(({ command }) => command.evaluate ?? []);
  const images = (part: keyof typeof parts) => plan.parts[part].count;
  const trained = collector.commands.find(({ command }) => command.extract)?.command.epochSamples ?? 0;
  return {
    nonZeros: { train: mean(parts.train), validation: mean(parts.validation), test: mean(parts.test) },
    steps: outcome.steps,
    images: outcome.images,
    evaluated: evaluations.map(({ part }) => ({ part, images: images(part) })),
    extracted: evaluations.reduce((sum, { part, stored }) => sum + (stored ? 0 : images(part)), trained),
  };
}

function startupOf({ marks, setup, collector }: ProfiledRun): StartupStage[] {
  const run = collector.sinceStart(collector.orders[0]?.from ?? 0);
  const first = firstStepEnd(collector.commands[0]);
  const firstStep = first === null ? null : collector.sinceStart(first);
  return startupStages({ ...marks, run, firstStep }, setup.phases);
}

/** On rank 0; if it trains alone, an equal share of its steps' time. */
function firstStepEnd(record: CommandRecord | undefined): number | null {
  let end: number | null = null;
  if (record === undefined) return end;
  visitSlices(record, 0, (phase, from, to, step) => {
    if (step === record.command.first + 1) end = to;
    else if (phase === phaseNumber.train) end ??= from + (to - from) / record.command.count;
  });
  return end;
}

/** The median of the later half of this many batches: the code is compiled during the first ones. */
const [batches, batchStamps] = [200, 500];

/** The cost of a stamp on this machine, and so the run's cost of all stamps. */
function stampCost(totals: Totals, { commands, dropped }: Collector, wallMs: number): StampCost {
  const recorder = new PhaseRecorder(new Float64Array(headerDoubles + batchStamps * doublesPerStamp));
  const times = Array.from({ length: batches }, () => {
    recorder.begin();
    const started = performance.now();
    for (let i = 1; i < batchStamps; i++) recorder.enter(i % 2 === 0 ? phaseNumber.loss : phaseNumber.update);
    return performance.now() - started;
  });
  const nanoseconds = (median(times.slice(batches / 2)) / (batchStamps - 1)) * 1e6;
  const threads = totals.workers.length;
  const stamps = commands.reduce(
    (sum, { ranks }) =>
      sum + ranks.slice(0, threads).reduce((of, { length }) => of + length / doublesPerStamp, 0),
    0,
  );
  return {
    perStep: totals.steps.length === 0 ? 0 : totals.stampsInSteps / totals.steps.length,
    nanoseconds,
    share: (stamps / threads) * (nanoseconds / 1e6 / wallMs),
    dropped,
  };
}

function traceOfRun({ name, plan, collector, stepsPerEpoch }: ProfiledRun, startup: readonly StartupStage[]) {
  const { commands, orders } = collector;
  const start = collector.atStart;
  // The first step is on the workers' own tracks.
  const before = startup.filter((stage) => !stage.beside && stage.name !== 'first step');
  // Each begins at the exact end of the one before, and the run at the end of the last: rounded sums would overlap.
  const ends = before.map(({ sinceStartMs }) => start + sinceStartMs).with(-1, orders[0]?.from ?? start);
  const stages = before.map(({ name: stage }, i) => ({
    name: stage,
    from: ends[i - 1] ?? start,
    to: ends[i],
  }));
  const phases = phasesOf(plan);
  return traceOf({ name, threads: plan.threads, phases, commands, orders, stepsPerEpoch, startup: stages });
}
