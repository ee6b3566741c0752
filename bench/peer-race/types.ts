/** What the race knows of a contestant before it starts: what it is called, what it can do and how it is started. */
import { fileURLToPath } from 'node:url';

/** MNIST as it is vendored: what every program gets as its first word. */
export const dataFolder = fileURLToPath(new URL('../../data/mnist', import.meta.url));

/** A process to start. */
export interface Launch {
  readonly program: string;
  readonly words: readonly string[];
  /** Beside the environment of this process. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface InstalledSize {
  readonly bytes: number;
  /** Of GPU libraries that are installed along, used or not; not in `bytes`. */
  readonly cudaBytes?: number;
}

/** A contestant that is installed on this machine. */
export interface Ready {
  /** The session program (see the protocol in session.ts); null for one that has none. */
  session(variant: string, threads: number): Launch | null;
  /** The program of a user: from its start to one line with the accuracy. Null for one that does not train. */
  user(threads: number): Launch | null;
  /** Null where nothing tells it. */
  installedSize(): Promise<InstalledSize | null>;
}

export interface Missing {
  /** Why, in words. */
  readonly missing: string;
}

export const isMissing = (found: Ready | Missing): found is Missing => 'missing' in found;

/** `work`: ours and the peers' is the same network, data and target; `other` is shown beside it, without ratios. */
export type Role = 'ours' | 'peer' | 'other';

export interface Contestant {
  /** The word of `--peers`. */
  readonly name: string;
  /** As its makers write it. */
  readonly label: string;
  readonly role: Role;
  /** Ways to run it that compete with each other at each thread count; one of no name for most. */
  readonly variants: readonly string[];
  /** Whether the number of threads can be chosen: measured at one and at all physical cores then. */
  readonly threaded: boolean;
  /** Under load also at all cores, when one thread was faster without. */
  readonly loadedAtAllCores?: boolean;
  /** What its session program can do, and whether it has a user program. */
  readonly can: { readonly target: boolean; readonly infer: boolean; readonly cold: boolean };
  /** How it was set to be fast, in one line. */
  readonly settings: string;
  /** What a user writes: absolute paths, for the count of lines. */
  readonly sources: readonly string[];
}

/** A contestant with what came of its preparation. */
export interface Entry {
  readonly contestant: Contestant;
  readonly found: Ready | Missing;
}
