/** The library that makes writes fail; compiled on first use. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Its path; null with a line on stderr if it cannot be compiled. @throws if SHARDSTEP_REQUIRE_CHAOS=1 demands it. */
export function faultyDisk(folder: string): string | null {
  const source = fileURLToPath(new URL('./faulty-disk.c', import.meta.url));
  const library = join(folder, 'faulty-disk.so');
  const made = spawnSync('gcc', ['-O1', '-Wall', '-shared', '-fPIC', '-o', library, source], {
    encoding: 'utf8',
  });
  if (process.platform === 'linux' && made.status === 0) return library;
  const why = made.error?.message ?? made.stderr.split('\n')[0];
  const line = `SKIPPED: eio and short need gcc on Linux (${why})`;
  if (process.env.SHARDSTEP_REQUIRE_CHAOS === '1') throw new Error(line);
  console.error(line);
  return null;
}
