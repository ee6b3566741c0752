/**
 * What holds a run back, in words: its bottleneck, what bounds it, and by how much the run would be faster at most if that
 * took no time at all (Amdahl 1967): 1 / (1 − share).
 */
import type { PhaseRow, PhaseTable, RowKind } from './phase-table.js';
import { busyBandwidth } from './roof.js';

export type Bound = 'start-up' | 'coordination' | 'load imbalance' | 'barrier' | 'compute' | 'memory';

export interface Finding {
  readonly bound: Bound;
  /** The phase, or what the time goes to. */
  readonly what: string;
  /** Of the process for start-up, else of the run. */
  readonly share: number;
  /** At most, were it to take no time. */
  readonly speedup: number;
  readonly sentence: string;
}

export interface Verdict {
  /** Start-up, where the process is mostly that; otherwise what holds the run back. */
  readonly bottleneck: Finding;
  /** What holds the run itself back, start-up aside. */
  readonly ofRun: Finding;
  /** Everything from `worthTelling` on, the largest share first. */
  readonly findings: readonly Finding[];
}

/** Shares from which a thing is the bottleneck; below them it is the longest phase. */
export const thresholds = { startup: 0.5, waiting: 0.2, coordination: 0.2 } as const;

/** Of the run; less is not told. */
const worthTelling = 0.1;

/** At most, were a share of the time to take none. */
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
    .filter(({ share }) => share >= worthTelling)
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

/** Waits are for a rank that has more to do, as far as one has; the rest is the barrier and what disturbs single steps. */
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
    sentence: `the coordinator's part between commands${most} is ${percent(share)} of the run: ${atMost(share)}`,
  };
}

function phaseFinding({ name, share, bound, ...row }: PhaseRow): Finding {
  const { intensity, gflops, roofShare } = row;
  const counted = intensity !== null && gflops !== null && roofShare !== null;
  const facts = counted
    ? `${intensity.toFixed(1)} FLOP a byte, ${gflops.toFixed(1)} GFLOP/s a core, ${percent(roofShare)} of its roof`
    : 'its operations are not floating-point ones that shapes tell';
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

/** How the verdict was reached, for those who read it. */
export const rules = [
  `Start-up is named where it is at least ${percent(thresholds.startup)} of the process; waiting (uneven load where the busiest`,
  "worker's surplus over the mean is at least half of it, else the barrier) or the coordinator's part where it is at least",
  `${percent(thresholds.waiting)} of the run; otherwise the longest phase. A phase is bound by memory where its intensity is`,
  `below the one at which peak and bandwidth meet and its bytes come at ${percent(busyBandwidth)} of the bandwidth or more, and by`,
  'computation, in the core, elsewhere. "At most": with that share taken to zero (Amdahl 1967).',
].join(' ');
