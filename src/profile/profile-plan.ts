/** What the plan of a profiled run says of it. */
import type { ProfilePlan } from '../plan/plan.js';

/** `cpuProfiles`: the folder in which each thread leaves a V8 CPU profile; null: none are made. */
export function profilePlan(cpuProfiles: string | null): ProfilePlan {
  const url = (file: string) => new URL(file, import.meta.url).href;
  return { cpuProfiles, instruments: url('./instruments.js'), collector: url('./collector.js') };
}
