/**
 * The command: prepares the contestants, runs the race, prints and records it. After Ctrl-C, the results so far are
 * stored as unfinished.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listenForInterrupt } from '../../dist/coordinator/interruption.js';
import { countCores } from '../../dist/machine/cores.js';
import { aligned } from '../../dist/numbers/columns.js';
import { ExitCode, UserError } from '../../dist/user-error.js';
import type { PeersRace } from '../../scripts/performance/peers/format.ts';
import {
  absences,
  loadSentence,
  peersTables,
  raceRows,
  winSentences,
} from '../../scripts/performance/peers/tables.ts';
import { machineLine } from '../harness.ts';
import { refuseChanges, writeRecord } from '../record.ts';
import { barChart, raceChart } from './charts.ts';
import { killAll } from './children.ts';
import { type CommandLine, parseCommandLine } from './command.ts';
import { createRaceProgress } from './progress.ts';
import { runRace } from './race.ts';
import type { Contestant, Entry } from './types.ts';

const target = 0.97;
const limitMs = 120_000;
const loadedRounds = 3;

export interface Preparing {
  /** A temporary folder of the race. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly note: (line: string) => void;
}

/** Finds or installs the contestants. */
export type Prepare = (contestants: readonly Contestant[], preparing: Preparing) => Promise<Entry[]>;

/** Never rejects; resolves with the exit code. */
export async function raceCommand(
  words: readonly string[],
  all: readonly Contestant[],
  prepare: Prepare,
): Promise<ExitCode> {
  try {
    const command = parseCommandLine(words, all, (text) => console.log(text));
    if (command === null) return ExitCode.done;
    if (command.record) refuseChanges();
    return await run(words, command, prepare);
  } catch (error) {
    const shown = words.includes('--debug') && error instanceof Error ? error.stack : null;
    console.error(shown ?? (error instanceof Error ? error.message : String(error)));
    return error instanceof UserError ? error.exitCode : ExitCode.failure;
  } finally {
    killAll();
  }
}

async function run(words: readonly string[], command: CommandLine, prepare: Prepare): Promise<ExitCode> {
  const signal = listenForInterrupt();
  signal.addEventListener('abort', killAll);
  console.log(`${machineLine()}\nOther processes on the machine disturb it: compare within a run.\n`);
  const progress = createRaceProgress(process.stderr);
  const cwd = mkdtempSync(join(tmpdir(), 'shardstep-peers-'));
  try {
    const entries = await prepare(command.contestants, { signal, note: progress.note, folder: cwd });
    const { physical } = await countCores();
    const race = await runRace(entries, {
      rounds: command.rounds,
      loadedRounds: command.load ? loadedRounds : 0,
      neighbours: physical,
      threads: physical === 1 ? [1] : [1, physical],
      ...{ target, limitMs, cwd, signal, progress: progress.update },
    });
    progress.finish();
    show(race);
    await keep(words, command, race, signal.aborted);
    return signal.aborted ? ExitCode.interrupted : ourFailure(race);
  } catch (error) {
    if (!signal.aborted) throw error;
    progress.finish();
    console.error('interrupted before anything was measured');
    return ExitCode.interrupted;
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}

function show(race: PeersRace): void {
  const parts = [aligned(raceRows(race)), ...winSentences(race), loadSentence(race), ...absences(race)];
  console.log(`${parts.filter((part) => part !== '').join('\n\n')}\n`);
}

async function keep(
  words: readonly string[],
  { record, out }: CommandLine,
  race: PeersRace,
  isUnfinished: boolean,
): Promise<void> {
  const charts = { 'bars.svg': barChart(race), 'race.svg': raceChart(race) };
  const files = Object.fromEntries(
    Object.entries(charts).flatMap(([name, svg]) => (svg === null ? [] : [[name, svg]])),
  );
  if (isUnfinished && record) console.log('interrupted: not written to results/records');
  await writeRecord(
    'peers',
    {
      bars: [],
      tables: peersTables(race),
      samples: {},
      notes: [...(isUnfinished ? ['Unfinished: it was interrupted.'] : []), ...absences(race)],
      peers: race,
    },
    {
      words: isUnfinished ? words.filter((word) => word !== '--record') : words,
      files,
      ...(out === null ? {} : { folder: out }),
    },
  );
}

/** Peers may be absent or fail; without shardstep there was no race. */
function ourFailure({ contestants }: PeersRace): ExitCode {
  const failed = contestants.find(
    ({ role, missing, failures }) =>
      role === 'ours' && (missing !== null || Object.keys(failures).length > 0),
  );
  return failed === undefined ? ExitCode.done : ExitCode.failure;
}
