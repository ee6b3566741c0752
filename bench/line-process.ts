/** A process that answers every line on its stdin with one line; it must end when its stdin closes. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { root } from './harness.ts';

export interface LineProcess {
  /** Its first line. */
  readonly greeting: string;
  /** @throws if the process ends before it has answered. */
  ask(line: string): Promise<string>;
  close(): Promise<void>;
}

const graceMs = 5000;

/** Resolves when the process has printed its first line, which reports that it is ready. `program`: Node by default. */
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
  // The process may just have ended: then the missing answer is the error.
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
