/**
 * A clock that all threads of the process share. `performance.now()` is the cheapest clock to read, but its origin
 * differs between threads and is known only to microseconds. So it is aligned with the system's monotonic clock.
 */

/** Milliseconds since a moment that is the same for every thread of the machine. */
export type Clock = () => number;

const readings = 16;

/**
 * `offset`: the clock's time minus this thread's `performance.now()`; the smallest of several readings, because a
 * thread may lose its core between the two clocks.
 */
export function monotonicClock(): { readonly clock: Clock; readonly offset: number } {
  let offset = Number.POSITIVE_INFINITY;
  for (let i = 0; i < readings; i++) {
    const now = performance.now();
    const [seconds, nanoseconds] = process.hrtime();
    offset = Math.min(offset, seconds * 1e3 + nanoseconds / 1e6 - now);
  }
  return { clock: () => performance.now() + offset, offset };
}
