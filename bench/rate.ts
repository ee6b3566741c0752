/** The rate of calls of a cheap function. */

/**
 * `work` per call, in units of 10⁹ a second, over about `sampleMs`; calls in bursts, so that reading the clock costs
 * nothing.
 */
export function rate(work: number, call: () => void, sampleMs: number): number {
  const started = performance.now();
  let calls = 0;
  let elapsedMs = 0;
  for (let burst = 1; elapsedMs < sampleMs; burst = Math.min(1024, burst * 2)) {
    for (let i = 0; i < burst; i++) call();
    calls += burst;
    elapsedMs = performance.now() - started;
  }
  return (calls * work) / elapsedMs / 1e6;
}
