/** The wrappers around a rank's work in a profiled run. Loaded only in such a run. */
import path from 'node:path';
import type { OpenBackend } from '../backend/open-backend.js';
import type { Kernels } from '../kernels/kernels.js';
import type { Plan } from '../plan/plan.js';
import type { PhaseClock } from '../sync/phase-clock.js';
import type { RunCommand } from '../worker/control.js';
import type { Instruments } from '../worker/instruments.js';
import { phaseNumber } from './phases.js';
import { profiledBackend, profiledTransform } from './profiled-backend.js';
import { ProfiledClock } from './profiled-clock.js';
import { profiledKernels } from './profiled-kernels.js';
import { PhaseRecorder } from './recorder.js';

export async function openInstruments(
  plan: Plan,
  memory: WebAssembly.Memory,
  rank: number,
): Promise<Instruments> {
  const instruments = new RankInstruments(plan, memory, rank);
  if (plan.profile?.cpuProfiles) await instruments.profileCpu(plan.profile.cpuProfiles, rank);
  return instruments;
}

export class RankInstruments implements Instruments {
  readonly #plan: Plan;
  readonly recorder: PhaseRecorder;
  #stopCpuProfile: (() => void) | null = null;

  /** `rank` = plan.threads is the coordinator. */
  constructor(plan: Plan, memory: WebAssembly.Memory, rank: number) {
    this.#plan = plan;
    this.recorder = PhaseRecorder.of(plan, memory, rank);
  }

  /** Samples this worker's stack until it leaves the session. */
  async profileCpu(folder: string, rank: number): Promise<void> {
    const { startCpuProfile, writeCpuProfile } = await import('./cpu-profile.js');
    const stop = startCpuProfile();
    this.#stopCpuProfile = () => writeCpuProfile(path.join(folder, `worker-${rank}.cpuprofile`), stop());
  }

  close(): void {
    this.#stopCpuProfile?.();
  }

  kernels(kernels: Kernels): Kernels {
    return profiledKernels(kernels, this.#plan, this.recorder);
  }

  backend(opened: OpenBackend): OpenBackend {
    const { recorder } = this;
    // The engine's kernels report the phases of a step; in other backends, forward pass, loss and deltas are one phase.
    const byKernel = this.#plan.backend === 'wasm' && this.#plan.directions?.hasLayers !== false;
    const first = byKernel ? phaseNumber.gather : phaseNumber.propagate;
    const { backend, transform } = opened;
    return {
      backend: profiledBackend(backend, recorder, first),
      transform: transform && profiledTransform(transform, recorder),
    };
  }

  clock(stats: Float64Array, parties: number): PhaseClock {
    return new ProfiledClock(stats, this.recorder, parties > 1);
  }

  /** After a wait, the rank's own loop continues. */
  barrier(wait: () => void, parties: number): () => void {
    if (parties === 1) return wait;
    const { recorder } = this;
    return () => {
      recorder.enter(phaseNumber.wait);
      wait();
      recorder.enter(phaseNumber.loop);
    };
  }

  /** A command, from the moment a worker sees it to its report. */
  command(execute: (command: RunCommand) => void): (command: RunCommand) => void {
    return (command) => {
      this.recorder.begin();
      execute(command);
      this.recorder.end();
    };
  }
}
