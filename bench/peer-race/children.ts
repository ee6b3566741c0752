/**
 * The processes of the race. Each leads a process group, so that its own children (workers of a data loader) end with
 * it. So Ctrl-C on a terminal reaches only the race, which then ends all groups at once.
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
  // The process may just have ended: then the missing answer is the error.
  child.stdin.on('error', () => {});
  child.once('close', () => running.delete(child));
  child.once('error', () => running.delete(child));
  return child;
}

/** Ends a child and its whole process group at once. */
export function kill({ pid, exitCode, signalCode }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // ESRCH: the group is already empty. Any other error while the leader still runs is a bug.
    if (exitCode === null && signalCode === null && !isGone(error)) throw error;
  }
}

export function killAll(): void {
  for (const child of running) kill(child);
}

const isGone = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ESRCH';
