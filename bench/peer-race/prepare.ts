/** Finds or installs the contestants, and returns how to start their programs: Python, JavaScript, ours. */
import { installedBytes, ownBytes } from '../peers/installed-size.ts';
import { type JavaScriptPeer, javaScriptPeers, prepareJavaScript } from '../peers/javascript-environment.ts';
import { preparePython } from '../peers/python-environment.ts';
import { contestants, type PeerEntry } from './peers.ts';
import { installedSizeOfPython } from './python-size.ts';
import type { Preparing } from './run.ts';
import { type Contestant, dataFolder, type Entry, type Launch, type Missing, type Ready } from './types.ts';

/** @throws the signal's reason if it is aborted during an installation. */
export async function prepare(wanted: readonly Contestant[], preparing: Preparing): Promise<Entry[]> {
  const entries = contestants.filter((entry) => wanted.includes(entry));
  const wants = (name: string) => entries.some((entry) => entry.name === name);
  const pythonPeers = entries.filter(({ language }) => language === 'python').map(({ name }) => name);
  const pythons = await preparePython(pythonPeers, preparing);
  const packages = new Map<string, JavaScriptPeer | Missing>(
    await prepareJavaScript(javaScriptPeers.filter(wants), preparing.signal),
  );
  return entries.map((contestant) => ({ contestant, found: found(contestant) }));

  function found(entry: PeerEntry): Ready | Missing {
    if (entry.language === 'shardstep') return readyOurs(entry);
    const python = pythons.get(entry.name);
    if (python !== undefined) return 'missing' in python ? python : readyPython(entry, python.python);
    const library = packages.get(entry.name);
    if (library !== undefined) return 'missing' in library ? library : readyJavaScript(entry, library);
    throw new Error(`${entry.name} was not prepared`);
  }
}

function readyPython({ name, session, user, distribution = name }: PeerEntry, python: string): Ready {
  const launch = (file: string, threads: number, words: readonly string[] = []): Launch => ({
    program: python,
    words: [file, dataFolder, `${threads}`, ...words],
  });
  return {
    session: (variant, threads) =>
      session === null ? null : launch(session, threads, variant === 'compiled' ? [variant] : []),
    user: (threads) => (user === null ? null : launch(user, threads)),
    installedSize: async () => installedSizeOfPython(python, distribution),
  };
}

function readyJavaScript({ session }: PeerEntry, { packageFolder, userProgram }: JavaScriptPeer): Ready {
  return {
    session: (_variant, threads) =>
      session === null ? null : node(session, dataFolder, `${threads}`, packageFolder),
    user: (threads) => node(userProgram, dataFolder, `${threads}`),
    installedSize: async () => ({ bytes: installedBytes(packageFolder) }),
  };
}

/** The race of mnist-97 chooses its own number of threads. */
function readyOurs({ name, session, user }: PeerEntry): Ready {
  const train = (threads: number) => `train --config fastmlp --quiet --json --threads ${threads}`.split(' ');
  return {
    session: (_variant, threads) => (session === null ? null : node(session, dataFolder, `${threads}`)),
    user: (threads) => (user === null ? null : node(user, ...(name === 'shardstep' ? train(threads) : []))),
    installedSize: async () => ({ bytes: ownBytes() }),
  };
}

function node(...words: string[]): Launch {
  return { program: process.execPath, words };
}
