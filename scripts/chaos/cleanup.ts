/** What the harness undoes at its end, or at a signal: processes, mounts, servers, folders; the newest first. */
const undone = new Set<() => void>();

/** Returns a function that takes it back, for what has ended by itself. */
export function atEnd(undo: () => void): () => void {
  undone.add(undo);
  return () => undone.delete(undo);
}

export function cleanUp(): void {
  for (const undo of [...undone].reverse()) {
    undone.delete(undo);
    try {
      undo();
    } catch (error) {
      console.error(`chaos: ${error instanceof Error ? error.message : error}`);
    }
  }
}

/** However the harness ends; signals have the exit codes of a shell. */
export function cleanUpAtExit(): void {
  process.on('exit', cleanUp);
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)
    process.on(signal, () => process.exit(code));
}
