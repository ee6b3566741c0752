/** A process that answers every line on its stdin with one line; it is to end when its stdin closes. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { root } from './harness.ts';

export interface LineProcess {
  /** Its first line. */
  readonly greeting: string;
  /** @throws when the process ends before it has answered. */
  ask(line: string): Promise<string>;
  close(): Promise<void>;
}

const graceMs = 5000;

/** Resolves when the process has said its first line, which tells that it is ready. `program`: Node by default. */
export async function openLineProcess(
  script: string,
  words: readonly string[] = [],
  program: string = process.execPath,
): Promise<LineProcess> {
  const child = spawn(program, [`${root}${script}`, ...words], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const answers = createInterface(child.stdout)[Symbol.asyncIterator]();
  const exited = new Promise<void>((resolve) => {
    child.on('error', () => resolve());
    child.on('exit', () => resolve());
  });
  // A line to a process that has just ended: its missing answer tells.
  child.stdin.on('error', () => {});
  const answer = async () => {
    const { value, done } = await answers.next();
    if (done) throw new Error(`${script} ended before it answered`);
    return value;
  };
  const greeting = await answer();
  return {
    greeting,
    ask(line) {
      child.stdin.write(`${line}\n`);
      return answer();
    },
    async close() {
      child.stdin.end();
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
      await exited;
      clearTimeout(timer);
    },
  };
}
