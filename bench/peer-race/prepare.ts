/** Contestants found or installed, and how their programs are started: Python ones, JavaScript ones, ours. */
import { findPackage } from '../../dist/backend/tfjs/location.js';
import { preparePython } from '../peers/python-environment.ts';
import { readyOurs } from './ours.ts';
import { contestants, type PeerEntry } from './peers.ts';
import { readyJavaScript } from './prepare-javascript.ts';
import { installedSizeOfPython } from './python-size.ts';
import type { Preparing } from './run.ts';
import { type Contestant, dataFolder, type Entry, type Launch, type Missing, type Ready } from './types.ts';

/** @throws the signal's reason when it is aborted while something is installed. */
export async function prepare(wanted: readonly Contestant[], preparing: Preparing): Promise<Entry[]> {
  const entries = contestants.filter((entry) => wanted.includes(entry));
  const names = (language: PeerEntry['language']) =>
    entries.filter((entry) => entry.language === language).map(({ name }) => name);
  const pythons = await preparePython(names('python'), preparing);
  return entries.map((contestant) => ({ contestant, found: found(contestant) }));

  function found(entry: PeerEntry): Ready | Missing {
    if (entry.language === 'python') {
      const python = pythons.get(entry.name) ?? { missing: 'it was not prepared' };
      return 'missing' in python ? python : readyPython(entry, python.python);
    }
    if (entry.language === 'shardstep') return readyOurs(entry, async () => null);
    const folder = entry.name === 'tfjs-node' ? findPackage(process.env) : null;
    if (folder === null) return { missing: 'not prepared' };
    return readyJavaScript(entry, folder, preparing.folder, async () => null);
  }
}

function readyPython({ name, session, user }: PeerEntry, python: string): Ready {
  const launch = (file: string, threads: number, words: readonly string[] = []): Launch => ({
    program: python,
    words: [file, dataFolder, `${threads}`, ...words],
  });
  return {
    session: (variant, threads) =>
      session === null ? null : launch(session, threads, variant === 'compiled' ? [variant] : []),
    user: (threads) => (user === null ? null : launch(user, threads)),
    installedSize: async () => installedSizeOfPython(python, name),
  };
}
