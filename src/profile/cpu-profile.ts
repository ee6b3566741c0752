/** V8's sampling profiler of the calling thread, for Chrome DevTools and VS Code. */
import { rmSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { cannot } from '../file-failure.js';
import { ExitCode } from '../user-error.js';

/** Microseconds between samples. */
const interval = 100;

/** Starts at once. The returned function stops it and returns the text of the `.cpuprofile`. */
export function startCpuProfile(): () => string {
  const session = new Session();
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.setSamplingInterval', { interval });
  session.post('Profiler.start');
  return () => {
    let text = '';
    // A thread's session with itself answers before `post` returns.
    session.post('Profiler.stop', (error, result) => {
      if (error !== null) throw error;
      text = JSON.stringify(result.profile);
    });
    session.disconnect();
    return text;
  };
}

/** Of a worker, which ends its session synchronously. @throws UserError; no part of the file is left then. */
export function writeCpuProfile(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    rmSync(file, { force: true });
    throw cannot('write', file, error, ExitCode.failure);
  }
}
