/** The section of a profiled run's plan for profiling. */
import type { ProfilePlan } from '../plan/plan.js';

/** `cpuProfiles`: the folder for each thread's V8 CPU profile; null: none are made. */
export function profilePlan(cpuProfiles: string | null): ProfilePlan {
  const url = (file: string) => new URL(file, import.meta.url).href;
  return { cpuProfiles, instruments: url('./instruments.js'), collector: url('./collector.js') };
}
