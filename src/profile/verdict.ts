/**
 * The limit of a run, in words: its bottleneck, what bounds it, and the largest possible gain if that took no time at
 * all (Amdahl 1967): 1 / (1 − share).
 */
import type { PhaseRow, PhaseTable, RowKind } from './phase-table.js';
import { busyBandwidth } from './roof.js';

export type Bound = 'start-up' | 'coordination' | 'load imbalance' | 'barrier' | 'compute' | 'memory';

export interface Finding {
  readonly bound: Bound;
  /** The phase, or another cause of the time. */
  readonly what: string;
  /** Share of the process for start-up, else of the run. */
  readonly share: number;
  /** Largest possible speed-up, if it took no time. */
  readonly speedup: number;
  readonly sentence: string;
}

export interface Verdict {
  /** Start-up, if it is most of the process; otherwise the limit of the run. */
  readonly bottleneck: Finding;
  /** The limit of the run itself, without start-up. */
  readonly ofRun: Finding;
  /** All findings with a share of at least `worthReporting`, the largest first. */
  readonly findings: readonly Finding[];
}

/** Shares from which a cause is the bottleneck; below them it is the longest phase. */
export const thresholds = { startup: 0.5, waiting: 0.2, coordination: 0.2 } as const;

/** Share of the run; smaller shares are not reported. */
const worthReporting = 0.1;

/** Largest possible gain, if a share of the time became zero. */
export const amdahl = (share: number): number => 1 / (1 - Math.min(share, 0.9999));

const coordinationKinds: readonly RowKind[] = ['shuffle', 'dispatch', 'report'];
const percent = (share: number) => `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)} %`;
const atMost = (share: number) => `at most ${amdahl(share).toFixed(2)} × faster without it`;

/** `startupMs`: from the start of the process to the resident clock. */
export function judge(table: PhaseTable, startupMs: number): Verdict {
  const { wallMs, rows } = table;
  const startup = startupFinding(startupMs, wallMs);
  const [wait, coordination] = [waitFinding(table), coordinationFinding(rows)];
  const phases = rows
    .filter(({ kind }) => kind !== 'wait' && !coordinationKinds.includes(kind))
    .map(phaseFinding)
    .sort((a, b) => b.share - a.share);
  const candidates = [
    ...(wait.share >= thresholds.waiting ? [wait] : []),
    ...(coordination.share >= thresholds.coordination ? [coordination] : []),
  ].sort((a, b) => b.share - a.share);
  const ofRun = candidates[0] ?? phases[0] ?? coordination;
  const findings = [startup, wait, coordination, ...phases]
    .filter(({ share }) => share >= worthReporting)
    .sort((a, b) => b.share - a.share);
  return { bottleneck: startup.share >= thresholds.startup ? startup : ofRun, ofRun, findings };
}

function startupFinding(startupMs: number, wallMs: number): Finding {
  const share = startupMs / (startupMs + wallMs);
  return {
    bound: 'start-up',
    what: 'start-up',
    share,
    speedup: amdahl(share),
    sentence: `start-up is ${percent(share)} of the process (${startupMs.toFixed(0)} of ${(startupMs + wallMs).toFixed(0)} ms): ${atMost(share)}`,
  };
}

/**
 * Waits count as load imbalance as far as one rank has more work; the rest is the barrier and disturbances of single
 * steps.
 */
function waitFinding({ rows, wallMs, imbalance }: PhaseTable): Finding {
  const waitMs = rows.find(({ kind }) => kind === 'wait')?.ms ?? 0;
  const computeMs = rows
    .filter(({ kind }) => kind !== 'wait' && !coordinationKinds.includes(kind))
    .reduce((sum, { ms }) => sum + ms, 0);
  const unevenMs = Math.min(waitMs, (imbalance - 1) * computeMs);
  const share = waitMs / wallMs;
  const uneven = unevenMs >= waitMs / 2 && waitMs > 0;
  const load = `the busiest worker computes ${imbalance.toFixed(2)} × the mean`;
  return {
    bound: uneven ? 'load imbalance' : 'barrier',
    what: 'barrier wait',
    share,
    speedup: amdahl(share),
    sentence: uneven
      ? `waiting is ${percent(share)} of the run, at least half of it for uneven load: ${load}; ${atMost(share)}`
      : `waiting at barriers is ${percent(share)} of the run, less than half of it for uneven load (${load}): ${atMost(share)}`,
  };
}

function coordinationFinding(rows: readonly PhaseRow[]): Finding {
  const own = rows.filter(({ kind }) => coordinationKinds.includes(kind));
  const share = own.reduce((sum, row) => sum + row.share, 0);
  const largest = own.toSorted((a, b) => b.ms - a.ms)[0];
  const most = largest === undefined ? '' : `, mostly ${largest.name},`;
  return {
    bound: 'coordination',
    what: 'coordinator',
    share,
    speedup: amdahl(share),
    sentence: `the coordinator's work between commands${most} is ${percent(share)} of the run: ${atMost(share)}`,
  };
}

function phaseFinding({ name, share, bound, ...row }: PhaseRow): Finding {
  const { intensity, gflops, roofShare } = row;
  const counted = intensity !== null && gflops !== null && roofShare !== null;
  const facts = counted
    ? `${intensity.toFixed(1)} FLOP a byte, ${gflops.toFixed(1)} GFLOP/s a core, ${percent(roofShare)} of its roof`
    : 'its operations are not floating-point operations that follow from shapes';
  const atRoof =
    counted && roofShare < 1 ? `, ${amdahl(share * (1 - roofShare)).toFixed(2)} × at its roof` : '';
  return {
    bound: bound ?? 'compute',
    what: name,
    share,
    speedup: amdahl(share),
    sentence: `${name} is ${percent(share)} of the run and bound by ${bound === 'memory' ? 'memory' : 'computation'} (${facts}): ${atMost(share)}${atRoof}`,
  };
}

/** How the verdict was reached, for readers of the profile. */
export const rules = [
  `Start-up is named if it is at least ${percent(thresholds.startup)} of the process. Waiting (uneven load if the busiest`,
  "worker's surplus over the mean is at least half of it, else the barrier) or the coordinator's work is named if it is at least",
  `${percent(thresholds.waiting)} of the run; otherwise the longest phase. A phase is bound by memory if its intensity is`,
  `below the one at which peak and bandwidth meet and its bytes come at ${percent(busyBandwidth)} of the bandwidth or more, and by`,
  'computation, in the core, otherwise. "At most": with that share taken to zero (Amdahl 1967).',
].join(' ');
