/** The common end of every command with a run folder: the hardware card, the last log events and the common files. */
import { withAbsolutePaths } from '../config/paths.js';
import { toYaml } from '../config/yaml-text.js';
import type { Setup } from '../coordinator/setup.js';
import { gatherHardware, hardwareLines, type MeasuredSpeed } from '../machine/hardware.js';
import { measureSpeed } from '../machine/speed.js';
import { plural } from '../numbers/words.js';
import { type ExitCode, UserError } from '../user-error.js';
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

/**
 * Logs `hardware` and `run_stop`, closes the log, writes config.yaml, meta.json, result.json and `files`, and returns
 * the lines of the hardware card. `others` write further files. A run that was
 * interrupted or failed ends at once, without the card.
 * @throws UserError if a file cannot be written.
 */
export async function endRun(
  { setup, folder, log, description, status, exitCode, measured: known }: RunEnding,
  reason: string,
  result: object,
  files: Readonly<Record<string, string | Uint8Array>>,
  others: readonly (() => Promise<void>)[] = [],
): Promise<string[]> {
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
    'result.json': json(result),
  };
  await allWritten([
    ...Object.entries(all).map(([name, data]) => writeAtomic(folder.file(name), data)),
    ...others.map((write) => write()),
    closed,
  ]);
  return facts === null ? [] : hardwareLines(facts, measured, tensorflow);
}

/** Waits for all, so that a file that fails stops no other. @throws the first failure, with the number of the others. */
async function allWritten(works: readonly Promise<unknown>[]): Promise<void> {
  const failures = (await Promise.allSettled(works)).flatMap((work) =>
    work.status === 'rejected' ? [work.reason as unknown] : [],
  );
  const [first, ...others] = failures;
  if (first === undefined) return;
  if (others.length === 0 || !(first instanceof UserError)) throw first;
  throw new UserError(`${first.message} (and ${plural(others.length, 'more file')})`, first.exitCode, {
    cause: first,
  });
}

/** Null if there are no kernels, or no memory for the measurement: that does not fail a run. */
function speedOf({ kernels }: Setup): MeasuredSpeed | null {
  try {
    return kernels && measureSpeed(kernels);
  } catch {
    return null;
  }
}
