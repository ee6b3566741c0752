/** Builds a run from the events of its log. */

import * as z from 'zod';
import { imagesOf } from '../plan/run-length.js';
import type { EventName, LogEvents } from '../run/log-schema.js';
import type { LogEntry } from './read-log.js';
import { configFacts, type EvaluationPoint, type Run, type StepPoint, type Track } from './run.js';
import type { Sidecars } from './sidecars.js';

/** The keys of a plan that the reports read. */
const planFacts = z.object({
  oversubscribed: z.boolean().catch(false),
  sync: z.string().optional().catch(undefined),
  parts: z
    .object({ train: z.object({ count: z.int() }) })
    .optional()
    .catch(undefined),
});

type Growing<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer E)[] ? E[] : T[K] };

export function buildRun(
  label: string,
  file: string,
  entries: readonly LogEntry[],
  sidecars: Sidecars,
  damages: Run['damages'],
): Run {
  const first = <K extends EventName>(event: K): LogEvents[K] | null =>
    (entries.find((entry) => entry.event === event)?.payload as LogEvents[K] | undefined) ?? null;
  const config = first('config')?.config ?? sidecars.config;
  const planned = planFacts.safeParse(first('plan')?.plan).data?.sync ?? sidecars.sync;
  const run: Growing<Run> = {
    label,
    file,
    start: first('run_start'),
    startedAt: entries[0]?.time ?? null,
    stop: first('run_stop'),
    config,
    facts: withStrategy(configFacts(config), planned),
    hardware: first('hardware') ?? sidecars.hardware,
    tracks: [],
    sweep: entries.flatMap(({ event, payload }) => (event === 'sweep_row' ? [payload] : [])),
    race: first('race'),
    phases: sidecars.phases,
    dataSha256: sidecars.dataSha256,
    damages: [...damages, ...sidecars.problems],
  };
  run.tracks = buildTracks(run, entries);
  return run;
}

/** The strategy itself if the configuration leaves the choice to the plan, which a sweep has in its result only. */
function withStrategy(facts: Run['facts'], planned: string | null): Run['facts'] {
  return facts.parallel.sync === 'auto' && planned !== null
    ? { ...facts, parallel: { sync: planned } }
    : facts;
}

/** The seeds start again with a new plan: a race trains the same seeds again on other thread counts. */
function buildTracks(run: Run, entries: readonly LogEntry[]): Track[] {
  const tracks: Growing<Track>[] = [];
  let plan: LogEvents['plan'] | null = null;
  let track: Growing<Track> | null = null;
  for (const { event, payload } of entries) {
    if (event === 'plan') {
      plan = payload;
      track = null;
    }
    if (event !== 'step' && event !== 'eval' && event !== 'epoch') continue;
    const seed = payload.seed ?? run.start?.seed ?? 0;
    if (track === null || track.seed !== seed) {
      track = newTrack(run, seed, plan);
      tracks.push(track);
    }
    if (event === 'epoch') track.epochs.push(payload);
    else {
      const point = { ...payload, images: imagesAt(payload.step, run, plan) };
      if (event === 'step') track.steps.push(point as StepPoint);
      else track.evaluations.push(point as EvaluationPoint);
    }
  }
  const last = tracks.at(-1);
  const stopped = run.stop !== null && !['failed', 'interrupted'].includes(run.stop.status);
  if (last !== undefined && !stopped) last.finished = false;
  return tracks;
}

function newTrack(run: Run, seed: number, plan: LogEvents['plan'] | null): Growing<Track> {
  const oversubscribed = planFacts.safeParse(plan?.plan).data?.oversubscribed ?? false;
  const threads = plan?.threads.count ?? null;
  return { run, seed, threads, oversubscribed, steps: [], evaluations: [], epochs: [], finished: true };
}

/** `data.take`, or the whole training part, whose size is in the plan. */
function imagesAt(step: number, { facts }: Run, plan: LogEvents['plan'] | null): number | null {
  const { batch, dropLast } = facts.train;
  const images = facts.data.take ?? planFacts.safeParse(plan?.plan).data?.parts?.train.count;
  if (batch === undefined || images === undefined) return null;
  const stepsPerEpoch = dropLast ? Math.floor(images / batch) : Math.ceil(images / batch);
  return imagesOf(step, Math.max(1, stepsPerEpoch), batch, images);
}
