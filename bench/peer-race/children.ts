/**
 * The processes of the race. Each leads a process group, so that what it starts itself (workers of a data loader) ends with
 * it, and so that Ctrl-C on a terminal reaches the race alone, which then ends all groups at once.
 */
import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import type { Launch } from './types.ts';

const running = new Set<ChildProcess>();

export function start({ program, words, environment }: Launch, cwd: string): ChildProcessWithoutNullStreams {
  const child = spawn(program, words, {
    cwd,
    env: { ...process.env, ...environment },
    detached: true,
  });
  running.add(child);
  // A line to a process that has just ended: its missing answer tells.
  child.stdin.on('error', () => {});
  child.once('close', () => running.delete(child));
  child.once('error', () => running.delete(child));
  return child;
}

/** Ends a child and everything of its process group, at once. */
export function kill({ pid, exitCode, signalCode }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // ESRCH: nobody of the group is left. Anything else while the leader still runs is a bug.
    if (exitCode === null && signalCode === null && !isGone(error)) throw error;
  }
}

export function killAll(): void {
  for (const child of running) kill(child);
}

const isGone = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ESRCH';
