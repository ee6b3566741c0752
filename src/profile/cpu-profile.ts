/** V8's sampling profiler of the calling thread, for Chrome DevTools and VS Code. */
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';

/** Microseconds between samples. */
const interval = 100;

/**
 * Starts at once. The returned function stops it and writes the `.cpuprofile`. @throws if the file cannot be written.
 */
export function startCpuProfile(): (file: string) => void {
  const session = new Session();
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.setSamplingInterval', { interval });
  session.post('Profiler.start');
  return (file) => {
    // A thread's session with itself answers before `post` returns.
    session.post('Profiler.stop', (error, result) => {
      if (error !== null) throw error;
      writeFileSync(file, JSON.stringify(result.profile));
    });
    session.disconnect();
  };
}
