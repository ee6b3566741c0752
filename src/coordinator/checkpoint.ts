/**
 * A checkpoint in memory: a copy of everything that the rest of a run depends on besides its configuration and data. These
 * are the state of the loop and a few vectors of the session. All else in the shared memory is derived from them, is made
 * again from the seed, or is written before it is read.
 */
import { doublesIn, floatsIn } from '../memory/views.js';
import type { Plan } from '../plan/plan.js';
import type { Session } from './session.js';
import type { TrainingState } from './state.js';

export type Vector = Float32Array | Float64Array;

/** By name; views of the shared memory. */
export type LastingVectors = ReadonlyMap<string, Vector>;

/** Plain data and typed arrays, none of them shared. */
export interface Checkpoint {
  readonly state: TrainingState;
  readonly vectors: ReadonlyMap<string, Vector>;
}

/**
 * Parameters and optimiser states, f32; for workers that train apart also their own, and how far each is, f64. The layout
 * of the first two is that of the plan: it does not depend on the number of threads.
 */
export function lastingVectors({ regions, replicas }: Plan, memory: WebAssembly.Memory): LastingVectors {
  const vectors = new Map<string, Vector>([
    ['parameters', floatsIn(memory, regions.parameters)],
    ['states', floatsIn(memory, regions.states)],
  ]);
  for (const [rank, { parameters, states, progress }] of replicas.entries()) {
    if (parameters !== null) vectors.set(`replica.${rank}.parameters`, floatsIn(memory, parameters));
    vectors.set(`replica.${rank}.states`, floatsIn(memory, states));
    vectors.set(`replica.${rank}.progress`, doublesIn(memory, progress));
  }
  return vectors;
}

/**
 * Between two commands of a session: copies its vectors and the state of its run. `over`: an earlier copy that is of no more
 * use, whose memory is taken for this one; new memory takes twice as long.
 */
export function capture(
  { lasting }: Session,
  state: TrainingState,
  over: Checkpoint | null = null,
): Checkpoint {
  const copy = (name: string, vector: Vector): Vector => {
    const old = over?.vectors.get(name);
    if (old?.length !== vector.length) return vector.slice();
    old.set(vector);
    return old;
  };
  const vectors = new Map([...lasting].map(([name, vector]) => [name, copy(name, vector)]));
  return { state: structuredClone(state), vectors };
}

/**
 * Puts the vectors back, into the same session or another with the same plan; with `owner` and `units` its number of
 * threads may differ. Returns the state from which the loop goes on. If the initial parameters come from a file with a
 * transform of direction features, they were set before.
 * @throws Error if the plan has other vectors: the caller has compared configuration and data.
 */
export function restore(session: Session, { state, vectors }: Checkpoint): TrainingState {
  for (const [name, vector] of session.lasting) {
    const kept = vectors.get(name);
    if (kept?.length !== vector.length)
      throw new Error(`vector ${name}: expected ${vector.length} values, got ${kept?.length ?? 'none'}`);
    vector.set(kept);
  }
  session.begin(state.step);
  // A checkpoint may be restored again: sums and best weights are changed in place.
  return structuredClone(state);
}
