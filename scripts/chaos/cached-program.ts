/**
 * The program as it is installed: without MNIST beside it. It has the archives in a cache of its own, which one injection
 * damages, and a mirror on this machine. V8's code of the program is cached too, by Node.
 */
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serve, startMirror } from '../../test/support/data-server.ts';
import { namesMirrors, vendoredArchives, withMirror } from '../../test/support/mirrored-program.ts';
import { atEnd } from './cleanup.ts';
import { train } from './training.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

export interface CachedProgram {
  readonly program: string;
  /** A cache with everything that a run keeps there. */
  readonly cache: string;
  /** Of a run with this cache, whose mirror can be reached or not. */
  environment(cache: string, isReachable: boolean): Readonly<Record<string, string>>;
}

/** `words`: of a run that fills the cache. */
export async function cachedProgram(folder: string, words: readonly string[]): Promise<CachedProgram> {
  const parent = join(folder, 'installed');
  mkdirSync(parent);
  cpSync(join(root, 'dist'), join(parent, 'dist'), { recursive: true, preserveTimestamps: true });
  for (const name of ['node_modules', 'configs', 'package.json'])
    symlinkSync(join(root, name), join(parent, name));
  const bundle = join(parent, 'dist/coordinator/commands.cjs');
  const text = readFileSync(bundle, 'utf8');
  if (!namesMirrors(text)) throw new Error('expected the mirrors of MNIST in commands.cjs');
  const { url } = await startMirror({ after: atEnd }, vendoredArchives, serve);
  writeFileSync(bundle, withMirror(text, url, vendoredArchives));
  const made: CachedProgram = {
    program: join(parent, 'dist/coordinator'),
    cache: join(parent, 'cache'),
    environment: (cache, isReachable) => ({
      SHARDSTEP_CACHE: cache,
      NODE_COMPILE_CACHE: join(cache, 'code'),
      // Port 1 of this machine refuses connections.
      http_proxy: isReachable ? '' : 'http://127.0.0.1:1',
      ...{ HTTP_PROXY: '', all_proxy: '', ALL_PROXY: '', no_proxy: '', NO_PROXY: '', SHARDSTEP_DATA: '' },
    }),
  };
  const { code, stderr } = await train([...words, '--quiet', '--out', join(parent, 'run')], {
    program: made.program,
    temporary: parent,
    environment: made.environment(made.cache, true),
  });
  if (code !== 0) throw new Error(`a run from the mirror: exit code ${code}: ${stderr}`);
  return made;
}
