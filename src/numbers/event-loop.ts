/** How long this thread's event loop has waited. */

export class EventLoopWatch {
  #since: number | null = null;

  /** Milliseconds since the first call after the loop last turned; other events have waited since that turn, at most. */
  blockedMs(): number {
    const now = performance.now();
    if (this.#since === null) {
      this.#since = now;
      setImmediate(() => {
        this.#since = null;
      });
    }
    return now - this.#since;
  }
}
