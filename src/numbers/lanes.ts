/** Tasks that are spread over a few lanes: each lane takes the next task as soon as it has ended one. */

/**
 * Results in the order of the tasks. After a failure no further task begins.
 * @throws the first failure, when all lanes have ended.
 */
export async function inLanes<T>(
  lanes: number,
  tasks: number,
  work: (task: number, lane: number) => Promise<T>,
): Promise<T[]> {
  const results = new Array<T>(tasks);
  const failures: unknown[] = [];
  let next = 0;
  const lane = async (at: number) => {
    while (next < tasks && failures.length === 0) {
      const task = next++;
      try {
        results[task] = await work(task, at);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(lanes, tasks) }, (_, at) => lane(at)));
  if (failures.length > 0) throw failures[0];
  return results;
}
