/** A program started by an installation and ended with it; its stdout is shown on stderr or dropped. */
import { spawn } from 'node:child_process';

export interface Ended {
  readonly ok: boolean;
  /** False if there is no such program. */
  readonly started: boolean;
  /** The last line on its stderr, without pip's "ERROR: ", or the reason why it did not run. */
  readonly lastLine: string;
}

/** Resolves when the program and its output have ended, also after `signal`: then its folder can be removed. */
export function runProgram(
  program: string,
  words: readonly string[],
  { signal, show }: { readonly signal: AbortSignal; readonly show: boolean },
): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(program, words, { signal, stdio: ['ignore', show ? 2 : 'ignore', 'pipe'] });
    let said = '';
    let failure = '';
    child.stderr?.on('data', (text: Buffer) => {
      said = `${said}${text}`.slice(-8000);
    });
    child.on('error', (error) => {
      failure = error.message;
    });
    child.on('close', (code) =>
      resolve({
        ok: code === 0 && failure === '',
        started: child.pid !== undefined,
        lastLine: lastLine(said) || failure || `ended with exit code ${code}`,
      }),
    );
  });
}

/** pip's own last line may be advice: a line with an error takes precedence. */
function lastLine(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const line = lines.findLast((each) => each.startsWith('ERROR:')) ?? lines.at(-1) ?? '';
  return line.replace(/^ERROR:\s*/, '').trim();
}
