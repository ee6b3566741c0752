/** How shardstep itself takes part: its session program, and its command line as a user's program. */
import type { PeerEntry } from './peers.ts';
import { dataFolder, type Launch, type Ready } from './types.ts';

/** The race of mnist-97 takes its own number of threads. */
export function readyOurs({ name, session, user }: PeerEntry, installedSize: Ready['installedSize']): Ready {
  const node = (...words: string[]): Launch => ({ program: process.execPath, words });
  const train = (threads: number) => [
    'train',
    '--config',
    'fastmlp',
    '--quiet',
    '--json',
    '--threads',
    `${threads}`,
  ];
  return {
    session: (_variant, threads) => (session === null ? null : node(session, dataFolder, `${threads}`)),
    user: (threads) => (user === null ? null : node(user, ...(name === 'shardstep' ? train(threads) : []))),
    installedSize,
  };
}
