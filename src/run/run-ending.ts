/** The common end of every command with a run folder: the hardware card, the last log events and the common files. */
import { withAbsolutePaths } from '../config/paths.js';
import { toYaml } from '../config/yaml-text.js';
import type { Setup } from '../coordinator/setup.js';
import { gatherHardware, hardwareLines, type MeasuredSpeed } from '../machine/hardware.js';
import { measureSpeed } from '../machine/speed.js';
import type { ExitCode } from '../user-error.js';
import { firstFailure } from './atomic-file.js';
import type { RunLog } from './log.js';
import type { RunStatus } from './log-schema.js';
import { type describeRun, type RunFolder, writeAtomic } from './run-folder.js';

export interface RunEnding {
  readonly setup: Setup;
  readonly folder: RunFolder;
  readonly log: RunLog;
  readonly description: ReturnType<typeof describeRun>;
  readonly status: RunStatus;
  readonly exitCode: ExitCode;
  /** The hardware card, if the machine was measured already. */
  readonly measured?: MeasuredSpeed | null;
}

/** What a command leaves at the end of its run. */
export interface RunResults {
  readonly reason: string;
  /** result.json. */
  readonly result: object;
  /** Further files, by name. */
  readonly files: Readonly<Record<string, string | Uint8Array>>;
  /** These write further files. */
  readonly others?: readonly (() => Promise<void>)[];
  /** Prints the result, also if a file cannot be written. `hardware`: the lines of the card, none without it. */
  readonly show: (hardware: readonly string[]) => void | Promise<void>;
}

/**
 * Logs `hardware` and `run_stop`, closes the log, writes config.yaml, meta.json and the other files, then result.json, and
 * prints. A run that was interrupted or failed ends at once, without the hardware card.
 * @throws UserError, after all that, if a file cannot be written.
 */
export async function endRun(
  { setup, folder, log, description, status, exitCode, measured: known }: RunEnding,
  { reason, result, files, others = [], show }: RunResults,
): Promise<void> {
  const { tensorflow, kernels } = setup;
  const complete = status !== 'interrupted' && status !== 'failed';
  const facts = complete ? await gatherHardware() : null;
  const measured = complete ? (known ?? speedOf(setup)) : null;
  if (facts !== null) log.event('hardware', { ...facts, measured, tensorflow });
  log.event('run_stop', { status, reason, exitCode, elapsedMs: performance.now() });
  // A log that cannot be written costs neither the model nor the other files: it is reported after them.
  const closed = (async () => log.close())();
  closed.catch(() => {});
  const meta = await description.finish({
    hardware: facts === null ? null : { ...facts, measured, tensorflow },
    dataSha256: { ...setup.dataset.sha256 },
    wasmSha256: { ...kernels?.sha256 },
  });
  const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
  const all = {
    ...files,
    'config.yaml': toYaml(withAbsolutePaths(setup.config)),
    'meta.json': json(meta),
  };
  const written = [
    ...Object.entries(all).map(([name, data]) => writeAtomic(folder.file(name), data)),
    ...others.map((write) => write()),
    closed,
  ];
  // Last: a process that is killed before it leaves a run that has not ended.
  const last = Promise.allSettled(written).then(() => writeAtomic(folder.file('result.json'), json(result)));
  const unwritten = await firstFailure([...written, last]);
  await show(facts === null ? [] : hardwareLines(facts, measured, tensorflow));
  if (unwritten !== null) throw unwritten;
}

/** Null if there are no kernels, or no memory for the measurement: that does not fail a run. */
function speedOf({ kernels }: Setup): MeasuredSpeed | null {
  try {
    return kernels && measureSpeed(kernels);
  } catch {
    return null;
  }
}
