/** The `hardware` command: the hardware card with what one core was measured to do. */
import { loadKernels } from '../kernels/load.js';
import { ExitCode } from '../user-error.js';
import type { CommandContext } from './command-context.js';
import { gatherHardware, hardwareLines } from './hardware.js';
import { measureSpeed } from './probe.js';

export async function hardware(context: CommandContext): Promise<ExitCode> {
  const measured = measureSpeed(loadKernels());
  const facts = await gatherHardware();
  context.stdout(
    context.json ? JSON.stringify({ ...facts, measured }) : hardwareLines(facts, measured).join('\n'),
  );
  return ExitCode.done;
}
