/**
 * The Piscina task: one call per worker and session. It runs commands from the coordinator until told to finish;
 * between the steps of a command the workers meet only at barriers in shared memory.
 */
import { WasmBackend } from '../backend/wasm/wasm-backend.js';
import type { Plan } from '../coordinator/plan.js';
import { Aborted, AbortReason, type Command, Control, Operation, partNames } from './control.js';
import { StepLoop } from './step-loop.js';

export interface RankTask {
  readonly plan: Plan;
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly rank: number;
}

/** How long a worker spins for the next command before it parks. */
const commandSpinMs = 1;

export default function runRank({ plan, module, memory, rank }: RankTask): void {
  const control = new Control(plan, memory);
  try {
    const backend = new WasmBackend(plan, module, memory, rank);
    const loop = new StepLoop(plan, memory, control, backend, rank);
    control.reportReady();
    for (let generation = 0; ; ) {
      generation = control.nextCommand(generation, plan.oversubscribed ? 0 : commandSpinMs);
      const command = control.readCommand();
      if (command.operation === Operation.finish) return;
      execute(command, loop);
      control.reportDone();
    }
  } catch (error) {
    if (error instanceof Aborted) return;
    control.abort(AbortReason.workerError, rank);
    throw error;
  }
}

function execute(command: Command, loop: StepLoop): void {
  const [first, count, firstSample, epochSamples] = command.arguments;
  if (command.operation === Operation.steps) loop.steps(first, count, firstSample, epochSamples);
  else loop.evaluate(partNames[first]);
}
