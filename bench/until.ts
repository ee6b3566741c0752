/** How long a process takes, by a clock outside it. */
import { type ChildProcess, spawn } from 'node:child_process';

/** Milliseconds from spawn to the first line on stdout. @throws if the line does not report that the target was reached. */
export function untilLine(cwd: string, program: string, ...words: string[]): Promise<number> {
  const startedAt = performance.now();
  const child = spawn(program, words, { cwd, stdio: ['ignore', 'pipe', 'ignore'] });
  return new Promise((resolve, reject) => {
    let text = '';
    let elapsedMs = Number.NaN;
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      if (!text.includes('\n') || Number.isFinite(elapsedMs)) return;
      elapsedMs = performance.now() - startedAt;
      child.kill('SIGKILL');
    });
    ended(child, reject, () => {
      if (/ % reached\)\n/.test(text)) resolve(elapsedMs);
      else reject(new Error(`${program} ${words.join(' ')} printed "${text}"`));
    });
  });
}

/** Milliseconds from spawn to exit. @throws when the process fails. */
export function untilExit(cwd: string, program: string, ...words: string[]): Promise<number> {
  const startedAt = performance.now();
  const child = spawn(program, words, { cwd, stdio: ['ignore', 'pipe', 'ignore'] });
  return new Promise((resolve, reject) => {
    ended(child, reject, (code) => {
      if (code === 0) resolve(performance.now() - startedAt);
      else reject(new Error(`${program} ${words.join(' ')} ended with exit code ${code}`));
    });
  });
}

function ended(child: ChildProcess, failed: (error: Error) => void, done: (code: number | null) => void) {
  child.once('error', failed);
  child.once('exit', (code) => {
    child.stdout?.destroy();
    done(code);
  });
}
