/** A profile for people, as text with tables in Markdown, and for programs. */
import { aligned, type Column, tabulated } from '../numbers/columns.js';
import type { PhaseRow, PhaseTable } from './phase-table.js';
import { ridge } from './roof.js';
import type { StartupStage } from './startup.js';
import { rules, type Verdict } from './verdict.js';

export interface StampCost {
  /** Stamps of a step of one worker, and of all workers in the whole run. */
  readonly perStep: number;
  readonly nanoseconds: number;
  /** Share of the run. */
  readonly share: number;
  /** Number of stamps that did not fit. */
  readonly dropped: number;
}

export interface Profile {
  readonly name: string;
  /** How the run ended, in words. */
  readonly ended: string;
  readonly network: readonly number[];
  readonly batch: number;
  readonly sync: string;
  readonly backend: string;
  readonly steps: number;
  readonly epochs: number;
  readonly images: number;
  readonly accuracy: number | null;
  readonly table: PhaseTable;
  readonly startup: readonly StartupStage[];
  readonly verdict: Verdict;
  readonly stamps: StampCost;
  /** Non-zero inputs of the first layer's products: multiplications by zero do not count. */
  readonly sparse: boolean;
}

const digits = (value: number | null, places: number) => (value === null ? '–' : value.toFixed(places));
const percent = (share: number | null) => (share === null ? '–' : `${(100 * share).toFixed(1)} %`);

/** profile.md, and the printed text. */
export function profileText(profile: Profile): string {
  const { name, ended, network, batch, sync, backend, table, verdict } = profile;
  const { threads, wallMs, roof } = table;
  const workers = `${threads} worker${threads === 1 ? '' : 's'}`;
  const reached = profile.accuracy === null ? '' : `, accuracy ${(100 * profile.accuracy).toFixed(2)} %`;
  const done = `${profile.epochs} epoch${profile.epochs === 1 ? '' : 's'}, ${profile.steps} steps, ${profile.images} images in ${wallMs.toFixed(1)} ms${reached}`;
  return [
    `# Profile of ${name}: ${ended}`,
    `${network.join('-')}, batch ${batch}, ${workers}, sync ${sync}, backend ${backend}; ${done}.`,
    '## Bottleneck',
    verdictText(verdict),
    '## Phases',
    phaseRows(table),
    tableNotes(profile),
    measuredNotes(profile),
    `Roof of one core: ${roof.gflops.toFixed(1)} GFLOP/s and ${roof.bandwidthGBs.toFixed(1)} GB/s, measured; they meet at ${ridge(roof).toFixed(1)} FLOP a byte.`,
    '## Start-up',
    startupRows(profile.startup),
    'Stages in parentheses run within the one above them, in parallel.',
    '',
  ].join('\n\n');
}

function verdictText({ bottleneck, ofRun, findings }: Verdict): string {
  const capital = (text: string) => `${text[0]?.toUpperCase()}${text.slice(1)}.`;
  const lines = [`**${capital(bottleneck.sentence)}**`];
  if (ofRun !== bottleneck) lines.push(`Within the run: ${capital(ofRun.sentence)}`);
  const others = findings.filter((finding) => finding !== bottleneck && finding !== ofRun);
  if (others.length > 0) lines.push(others.map(({ sentence }) => `- ${capital(sentence)}`).join('\n'));
  return [...lines, rules].join('\n\n');
}

const phaseColumns: readonly Column<PhaseRow>[] = [
  ['phase', 'l', (row) => row.name],
  ['ms', 'r', (row) => row.ms.toFixed(2)],
  ['share', 'r', (row) => percent(row.share)],
  ['µs a step', 'r', (row) => digits(row.stepMs === null ? null : row.stepMs * 1000, 1)],
  ['GFLOP/s a core', 'r', (row) => digits(row.gflops, 1)],
  ['MB', 'r', (row) => digits(row.bytes === null ? null : row.bytes / 1e6, 1)],
  ['FLOP/byte', 'r', (row) => digits(row.intensity, 1)],
  ['of peak', 'r', (row) => percent(row.peakShare)],
  ['of roof', 'r', (row) => percent(row.roofShare)],
  ['bound', 'r', (row) => row.bound ?? '–'],
];

function phaseRows(table: PhaseTable): string {
  const { heading, rows } = tabulated(phaseColumns, table.rows);
  return aligned([heading, ...rows]);
}

function tableNotes({ sparse, table }: Profile): string {
  const mean = table.threads > 1 ? 'mean over the workers; ' : '';
  return [
    `ms: in the whole run, ${mean}µs a step: median over all workers' steps. Work is counted by shapes: a dense product of`,
    'rows × in × out is 2 · rows · in · out FLOP, forward, for the gradient and, from the second layer on, for the deltas;',
    ...(sparse ? ['the sparse first layer counts only useful work, 2 · non-zeros · out;'] : []),
    'MB: every array that a phase reads or writes, once for each pass, in cache or memory: above 100 % of its roof it came',
    'from a cache. dispatch: waking the workers and receiving their reports; report: metrics, log and stop rule between commands.',
  ].join(' ');
}

function measuredNotes({ table, stamps }: Profile): string {
  const { accounted, stepMs, imbalance, threads } = table;
  const perStep = stamps.perStep === 0 ? '' : `${stamps.perStep.toFixed(0)} a step and worker, `;
  const cost = `${stamps.nanoseconds.toFixed(0)} ns each, ${percent(stamps.share)} of the run`;
  const lost = stamps.dropped === 0 ? '' : `; ${stamps.dropped} did not fit, so rows lack their time`;
  return [
    `Rows add up to ${percent(accounted)} of the run.`,
    ...(stepMs === null ? [] : [`The median step takes ${(stepMs * 1000).toFixed(1)} µs.`]),
    ...(threads === 1 ? [] : [`The busiest worker computes ${imbalance.toFixed(3)} × the mean.`]),
    `Time stamps: ${perStep}${cost}${lost}.`,
  ].join(' ');
}

function startupRows(stages: readonly StartupStage[]): string {
  const cells = stages.map(({ name, ms, sinceStartMs, beside }) => [
    beside ? `(${name})` : name,
    beside ? `(${ms.toFixed(1)})` : ms.toFixed(1),
    beside ? '' : sinceStartMs.toFixed(1),
  ]);
  return aligned([['stage', 'ms', 'since start'], ...cells]);
}

/** profile.json: times in milliseconds, shares from 0 to 1, rates of one core. */
export function profileJson(profile: Profile): object {
  const { table, ...rest } = profile;
  return { schema: 1, ...rest, ...table };
}
