/**
 * The Piscina task: one call per worker and session. It runs commands from the coordinator until the command to finish.
 * Between the steps of a command the workers meet only at barriers in shared memory.
 */
import type { Backend } from '../backend/backend.js';
import { type OpenBackend, openBackend } from '../backend/open-backend.js';
import { SquaredGradients } from '../backend/squared-gradients.js';
import type { KernelModules } from '../kernels/load.js';
import { pinThread } from '../machine/pin-thread.js';
import type { Plan, ProfilePlan } from '../plan/plan.js';
import { replicaPlan } from '../plan/plan-replicas.js';
import { chosenPlan } from '../plan/plan-selection.js';
import { unitsPlan } from '../plan/plan-units.js';
import { Replica } from '../sync/replica.js';
import { Aborted } from './aborted.js';
import { AbortReason, Control, type RunCommand } from './control.js';
import type { Instruments, InstrumentsModule } from './instruments.js';
import { Selection } from './selection.js';
import { barrierSpinMs, StepLoop } from './step-loop.js';
import { TransformRun } from './transform-run.js';

export interface RankTask {
  readonly plan: Plan;
  readonly modules: KernelModules | null;
  readonly memory: WebAssembly.Memory;
  readonly rank: number;
}

/** How long a worker spins for the next command before it parks. */
const commandSpinMs = 1;

export default async function runRank(task: RankTask): Promise<void> {
  const { plan, memory, rank } = task;
  const control = new Control(plan, memory);
  let close: (() => void) | undefined;
  let instruments: Instruments | null = null;
  try {
    if (plan.cpus !== null) pinThread(plan.cpus[rank]);
    instruments = plan.profile === null ? null : await loadInstruments(plan.profile, task);
    const own = plan.units === null ? plan : unitsPlan(plan, plan.units, rank);
    const opened = openBackend(own, task.modules, memory, rank, instruments);
    close = () => opened.backend.close();
    const plain = commandsOf(task, opened, control, instruments);
    const execute = instruments?.command(plain) ?? plain;
    control.reportReady();
    for (let generation = 0; ; ) {
      generation = control.nextCommand(generation, plan.oversubscribed ? 0 : commandSpinMs);
      const command = control.readCommand();
      if (command === null) return;
      execute(command);
      control.reportDone();
    }
  } catch (error) {
    if (error instanceof Aborted) return;
    control.abort(AbortReason.workerError, rank);
    throw error;
  } finally {
    close?.();
    instruments?.close();
  }
}

/** Only a profiled run pays for loading them. */
async function loadInstruments(
  { instruments }: ProfilePlan,
  { plan, memory, rank }: RankTask,
): Promise<Instruments> {
  const module: InstrumentsModule = await import(instruments);
  return module.openInstruments(plan, memory, rank);
}

/** How this rank executes a command. */
function commandsOf(
  task: RankTask,
  opened: OpenBackend,
  control: Control,
  instruments: Instruments | null,
): (command: RunCommand) => void {
  const { plan, memory, rank } = task;
  const loop = new StepLoop(plan, memory, control, measured(task, opened.backend), rank, {
    replica: openReplica(task),
    selection: openSelection(task, opened, control),
    instruments,
  });
  const { backend, transform } = opened;
  if (transform !== null && plan.directions !== null) {
    const barrier = control.workersBarrier(plan.oversubscribed ? 0 : barrierSpinMs);
    const wait = () => barrier.wait();
    const everyRank = instruments?.barrier(wait, plan.threads) ?? wait;
    const parties = { control, loop, backend, transform, barrier: everyRank };
    const run = new TransformRun(plan, plan.directions, memory, rank, parties);
    return (command) => run.execute(command);
  }
  return (command) => {
    if (command.count > 0) loop.steps(command);
    if (command.evaluate !== null) {
      backend.beginEvaluation();
      loop.evaluate(command.evaluate.part, backend);
    }
  };
}

/** Null if the workers step together. */
function openReplica({ plan, modules, memory, rank }: RankTask): Replica | null {
  if (plan.replicas.length === 0) return null;
  const { backend } = openBackend(replicaPlan(plan, rank), modules, memory, 0);
  return new Replica(plan, memory, rank, backend);
}

/** Null if every row of a batch is trained on. */
function openSelection(
  { plan, modules, memory, rank }: RankTask,
  opened: OpenBackend,
  control: Control,
): Selection | null {
  if (plan.selection === null) return null;
  const trainer = openBackend(chosenPlan(plan, plan.selection, rank), modules, memory, rank).backend;
  const barrier = control.workersBarrier(plan.oversubscribed ? 0 : barrierSpinMs);
  return new Selection(plan, plan.selection, memory, rank, {
    scorer: opened.backend,
    trainer,
    barrier: () => barrier.wait(),
  });
}

/** The backend itself, unless the norms of its gradients are needed. */
function measured(
  { plan, memory, rank }: Pick<RankTask, 'plan' | 'memory' | 'rank'>,
  backend: Backend,
): Backend {
  return plan.noise === null ? backend : new SquaredGradients(plan, plan.noise, memory, rank, backend);
}
