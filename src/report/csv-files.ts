/** The figures of a report as CSV, full precision, times in milliseconds; a null is an empty cell. */
import Papa from 'papaparse';
import { machineFacts } from './machines.js';
import type { Track } from './run.js';
import { scalingCurves } from './scaling.js';
import type { Survey } from './settings.js';
import { stepIntervalsMs, stepsBetween, stepTimes } from './step-times.js';
import { firstReached, lastAccuracy, residentMs, throughput } from './target-times.js';

type Row = Readonly<Record<string, string | number | boolean | null>>;

/** By file name; a file without rows is absent. */
export function csvFiles(found: Survey): Map<string, string> {
  const tables: [string, Row[]][] = [
    [
      'curves.csv',
      found.settings.flatMap(({ label, tracks }) => tracks.map((track) => curveRow(track, label, found))),
    ],
    ['evaluations.csv', found.settings.flatMap(({ tracks }) => tracks.flatMap(evaluationRows))],
    ['scaling.csv', scalingRows(found)],
    ['predictions.csv', predictionRows(found)],
    ['step-times.csv', stepRows(found)],
    [
      'machines.csv',
      found.machines.map(({ letter, hardware, runs }) => ({
        machine: letter,
        runs: runs.length,
        ...Object.fromEntries(machineFacts(hardware)),
      })),
    ],
  ];
  return new Map(tables.filter(([, rows]) => rows.length > 0).map(([name, rows]) => [name, csv(rows)]));
}

/** Names come from other machines: a spreadsheet must not read one as a formula. */
function csv(rows: readonly Row[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return `${Papa.unparse([...rows], { columns, newline: '\n', escapeFormulae: true })}\n`;
}

function curveRow(track: Track, setting: string, found: Survey): Row {
  const { run, seed, threads, oversubscribed, finished } = track;
  const reached = firstReached(track);
  return {
    run: run.label,
    file: run.file,
    setting,
    recipe: found.recipeOf(run).label,
    machine: found.machineOf(run).letter,
    backend: run.facts.backend,
    sync: run.facts.parallel.sync,
    threads,
    oversubscribed,
    seed,
    finished,
    target: run.facts.stop.target,
    accuracy_on: run.facts.stop.on,
    accuracy: lastAccuracy(track),
    reached_ms: reached?.elapsedMs ?? null,
    reached_images: reached?.images ?? null,
    resident_ms: residentMs(track),
    images_per_second: throughput(track),
  };
}

const evaluationRows = ({ run, seed, threads, evaluations }: Track): Row[] =>
  evaluations.map(({ step, epoch, images, elapsedMs, on, accuracy, loss }) => ({
    ...{ run: run.label, seed, threads, step, epoch, images },
    ...{ elapsed_ms: elapsedMs, accuracy_on: on, accuracy, loss },
  }));

const scalingRows = (found: Survey): Row[] =>
  scalingCurves(found).flatMap(({ label, source, machineLetter, sync, rows }) =>
    rows.map((row) => ({
      ...{ work: label, source, machine: machineLetter, sync, threads: row.threads },
      oversubscribed: row.oversubscribed,
      samples_ms: row.samplesMs.join(';'),
      images_per_second: row.imagesPerSecond,
      speedup: row.speedup,
      speedup_low: row.interval.low,
      speedup_high: row.interval.high,
      efficiency: row.efficiency,
      serial_share: row.serialShare,
      compute_share: row.shares?.compute ?? null,
      synchronisation_share: row.shares?.synchronisation ?? null,
      update_share: row.shares?.update ?? null,
    })),
  );

const predictionRows = (found: Survey): Row[] =>
  scalingCurves(found).flatMap(({ label, laws }) =>
    laws.flatMap(({ law, fitted, sigma, kappa, predictions }) =>
      predictions.map(({ threads, speedup, interval }) => ({
        ...{ work: label, law, sigma: fitted.sigma, sigma_low: sigma.low, sigma_high: sigma.high },
        ...{ kappa: fitted.kappa, kappa_low: kappa.low, kappa_high: kappa.high },
        ...{
          threads,
          predicted_speedup: speedup,
          predicted_low: interval.low,
          predicted_high: interval.high,
        },
      })),
    ),
  );

const stepRows = ({ settings }: Survey): Row[] =>
  settings.flatMap(({ label, tracks }) => {
    const times = stepTimes(tracks.flatMap(stepIntervalsMs));
    if (times === null) return [];
    const { n, median, p95, p99, max, outliers } = times;
    const steps = stepsBetween(tracks);
    return {
      ...{ setting: label, steps_per_interval: steps, intervals: n, median_ms: median },
      ...{ p95_ms: p95, p99_ms: p99, max_ms: max, outliers: outliers.length },
    };
  });
