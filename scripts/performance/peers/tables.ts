/** The peers' race as tables: the comparison, under load, every setting, and a description of the settings. */
import { median } from '../../../dist/numbers/statistics.js';
import type { Table } from '../record-format.ts';
import { figure } from '../record-markdown.ts';
import type { ContestantResult, Entrant, PeersRace, Runs } from './format.ts';
import { duration, isBetter, type Measure, measures, ratioText, shownOf, times } from './measures.ts';
import { bestEntrant, isBound, type Summary, summarise } from './summary.ts';
import { whyPeerWins } from './why-peer-wins.ts';

const share = (target: number): string => `${figure(100 * target)} %`;

export function peersTables(race: PeersRace): Table[] {
  return [
    { title: 'The race', note: raceNote(race), rows: raceRows(race) },
    ...(race.loadedRounds === 0 ? [] : [{ title: 'Under load', note: loadNote(race), rows: loadRows(race) }]),
    { title: 'Every setting', note: everyNote(race), rows: everyRows(race) },
    { title: 'Settings', rows: [['contestant', 'settings'], ...settingsRows(race)] },
  ];
}

/** Bold: better than shardstep. Absent contestants have their reason in the second column. */
export function raceRows(race: PeersRace): string[][] {
  const summaries = summarise(race);
  const ours = summaries.find(({ result }) => result.role === 'ours');
  const columns = measures(race.batches);
  const heading = [
    'contestant',
    ...columns.flatMap(({ id, heading: words }) => (isTimed(id) ? [words, '× shardstep'] : [words])),
  ];
  const rows = summaries
    .filter(({ result }) => result.missing === null)
    .map((summary) => [nameOf(summary), ...columns.flatMap((measure) => cellsOf(measure, summary, ours))]);
  return [heading, ...rows];
}

const isTimed = (id: string): boolean => id === 'resident' || id === 'cold';

function cellsOf(measure: Measure, summary: Summary, ours: Summary | undefined): string[] {
  const text = shownOf(measure, summary);
  const wins = ours !== undefined && summary.result.role === 'peer' && isBetter(measure, summary, ours);
  const cell = wins ? `**${text}**` : text;
  if (!isTimed(measure.id)) return [cell];
  const { ratio } = (measure.id === 'cold' ? summary.cold : summary.resident) ?? {};
  return [cell, ratioText(ratio)];
}

/** `PyTorch 2.15.0 compiled, 2 threads` */
function nameOf({ result, resident }: Summary): string {
  const { label, version } = result;
  const words = [label, version, resident?.variant].filter((word) => word).join(' ');
  return `${words}${threadsText(resident?.threads)}`;
}

const threadsText = (threads: number | null | undefined): string =>
  threads ? `, ${threads} thread${threads === 1 ? '' : 's'}` : '';

/** One sentence for each measurement at which a peer is better than shardstep; the best peer is named. */
export function winSentences(race: PeersRace): string[] {
  const summaries = summarise(race);
  const ours = summaries.find(({ result }) => result.role === 'ours');
  if (ours === undefined) return [];
  return measures(race.batches).flatMap((measure) => {
    const [best] = summaries
      .filter((each) => each.result.role === 'peer' && isBetter(measure, each, ours))
      .toSorted((a, b) => (isBetter(measure, a, b) ? -1 : 1));
    if (best === undefined) return [];
    const against = `${shownOf(measure, best)} against ${shownOf(measure, ours)}`;
    const why = whyPeerWins(best.result.name, measure.id);
    return [`${measure.words}: ${best.result.label} is better than shardstep (${against}); ${why}.`];
  });
}

/** `brain.js: could not be installed: …`: absent contestants, and the measurements that others could not do. */
export function absences({ contestants }: PeersRace): string[] {
  return contestants.flatMap(({ label, missing, failures }) => [
    ...(missing === null ? [] : [`${label} is absent: ${missing}`]),
    ...Object.entries(failures).map(([measure, reason]) => `${label}, ${measure}: failed: ${reason}`),
  ]);
}

export function raceNote({ rounds, target, limitMs }: PeersRace): string {
  return (
    `784-256-128-10 on the pixels of MNIST by configs/fastmlp.yaml, until ${share(target)} of the 10,000 test images: each ` +
    `contestant at its best thread count and variant, ${rounds} rounds in turn, medians. Resident: data in memory, code ` +
    'compiled, order, training and evaluations; cold: from the start of the process to the line that reports the accuracy. × ' +
    'shardstep: the median of the ratios of the rounds and its bootstrap 95 % interval. Memory: of all processes, in a cold ' +
    'run that is not timed; pages that they share count for each. Installed: with all that it depends on. Lines: of the ' +
    'shortest program, for shardstep its recipe. Inference: the best setting for each batch. Bold: better than shardstep. ' +
    `A run is ended after ${figure(limitMs / 1000)} s.`
  );
}

function loadNote({ loadedRounds, neighbours }: PeersRace): string {
  return (
    `Time to the target, resident, while ${neighbours} other processes keep every core busy, ${loadedRounds} rounds in turn, ` +
    'median (min–max). With a fair share for each process the slow-down is 2.'
  );
}

/** `Under load, …: shardstep takes 2 times as long as alone, PyTorch 39.` Empty without a race under load. */
export function loadSentence(race: PeersRace): string {
  const slowed = race.contestants.flatMap((contestant) =>
    contestant.entrants.flatMap((entrant) => {
      const text = slowDown(entrant);
      if (text === null) return [];
      return [`${settingName(contestant, entrant.variant, entrant.threads)}: ${text}`];
    }),
  );
  if (slowed.length === 0) return '';
  return `With a busy neighbour on every core, time over the undisturbed time: ${slowed.join('; ')}.`;
}

/**
 * At most one sentence: the peers that a busy machine slows down less than shardstep, each at its best setting. A peer
 * that failed there is not among them.
 */
export function loadWinSentence({ contestants }: PeersRace): string[] {
  const slowed = contestants.flatMap((contestant) => {
    const { label, role, failures } = contestant;
    const { resident, loaded } = bestEntrant(contestant) ?? {};
    const failed = Object.keys(failures).some((measure) => measure.startsWith('under load'));
    if (!resident || !loaded || isBound(loaded) || failed) return [];
    return [{ label, role, factor: median(loaded.ms) / median(resident.ms) }];
  });
  const ours = slowed.find(({ role }) => role === 'ours');
  if (ours === undefined) return [];
  const better = slowed.filter(({ role, factor }) => role === 'peer' && factor < ours.factor);
  if (better.length === 0) return [];
  const names = better.map(({ label, factor }) => `${label} (${times(factor)} ×)`).join(', ');
  return [
    `slow-down with a busy neighbour on every core: less than that of shardstep (${times(ours.factor)} ×) for ${names}.`,
  ];
}

function slowDown({ resident, loaded }: Entrant): string | null {
  if (resident === null || loaded === null) return null;
  return `${isBound(loaded) ? '> ' : ''}${times(median(loaded.ms) / median(resident.ms))} ×`;
}

function loadRows({ contestants }: PeersRace): string[][] {
  const rows = contestants.flatMap((contestant) =>
    contestant.entrants.flatMap((entrant) => {
      const { variant, threads, resident, loaded } = entrant;
      const slower = slowDown(entrant);
      if (resident === null || loaded === null || slower === null) return [];
      return [[settingName(contestant, variant, threads), runsText(resident), runsText(loaded), slower]];
    }),
  );
  return [['contestant', 'alone', 'under load', 'slow-down'], ...rows];
}

const everyNote = ({ target }: PeersRace): string =>
  `Medians (min–max) of each contestant at every thread count; resident: time to ${share(target)}.`;

function everyRows({ contestants, batches }: PeersRace): string[][] {
  const rows = contestants.flatMap((contestant) =>
    contestant.entrants.map((entrant) => {
      const best = entrant === bestEntrant(contestant) ? ' (best)' : '';
      return [
        `${settingName(contestant, entrant.variant, entrant.threads)}${best}`,
        entrant.resident === null ? '–' : runsText(entrant.resident),
        rangeText(entrant.imagesPerSecond, (value) => figure(value)),
        ...batches.map((batch) => rangeText(entrant.inference[batch] ?? [], duration)),
      ];
    }),
  );
  const inference = batches.map((batch) => `inference of ${batch.toLocaleString('en-US')}`);
  return [['contestant', 'resident', 'images/s', ...inference], ...rows];
}

function settingsRows({ contestants }: PeersRace): string[][] {
  return contestants.map(({ label, settings }) => [label, settings]);
}

function settingName({ label }: ContestantResult, variant: string, threads: number | null): string {
  return `${variant === '' ? label : `${label} ${variant}`}${threadsText(threads)}`;
}

const runsText = (runs: Runs): string => `${isBound(runs) ? '> ' : ''}${rangeText(runs.ms, duration)}`;

function rangeText(samples: readonly number[], shown: (value: number) => string): string {
  if (samples.length === 0) return '–';
  return `${shown(median(samples))} (${shown(Math.min(...samples))}–${shown(Math.max(...samples))})`;
}
