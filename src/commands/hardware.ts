/**
 * The `hardware` command: prints the hardware card with the measured speed of one core, and the version of TensorFlow
 * if it is set up.
 */

import { loadTensorFlow } from '../backend/tfjs/library.js';
import { findPackage } from '../backend/tfjs/location.js';
import { loadKernels } from '../kernels/load.js';
import type { TensorFlowVersions } from '../machine/hardware.js';
import { gatherHardware, hardwareLines } from '../machine/hardware.js';
import { measureSpeed } from '../machine/speed.js';
import type { CommandContext } from '../run/command-context.js';
import { ExitCode } from '../user-error.js';
import type { Command } from './command.js';

export const command: Command = {
  declare() {},
  run: (_, __, line) => hardware(line),
};

export async function hardware(context: CommandContext): Promise<ExitCode> {
  const measured = measureSpeed(loadKernels());
  const facts = await gatherHardware();
  const tensorflow = whichTensorFlow(context);
  const none = tensorflow === null ? ['TensorFlow not set up (npm run setup:tfjs)'] : [];
  context.stdout(
    context.json
      ? JSON.stringify({ ...facts, measured, tensorflow })
      : [...hardwareLines(facts, measured, tensorflow), ...none].join('\n'),
  );
  return ExitCode.done;
}

/** A TensorFlow that is installed but does not load counts as missing; the reason goes to stderr. */
function whichTensorFlow(context: CommandContext): TensorFlowVersions | null {
  if (findPackage(process.env) === null) return null;
  try {
    return loadTensorFlow(1).versions;
  } catch (error) {
    context.stderr(error instanceof Error ? error.message : String(error));
    return null;
  }
}
