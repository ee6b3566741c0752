/** The facts of a contestant before it starts: its name, what it supports and how it is started. */
import { fileURLToPath } from 'node:url';

/** The vendored MNIST: the first word of every program. */
export const dataFolder = fileURLToPath(new URL('../../data/mnist', import.meta.url));

/** A process to start. */
export interface Launch {
  readonly program: string;
  readonly words: readonly string[];
  /** Additions to the environment of this process. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface InstalledSize {
  readonly bytes: number;
  /** Size of GPU libraries that are also installed, used or not; not in `bytes`. */
  readonly cudaBytes?: number;
}

/** A contestant that is installed on this machine. */
export interface Ready {
  /** The session program (see the protocol in session.ts); null if there is none. */
  session(variant: string, threads: number): Launch | null;
  /** The program of a user: from its start to one line with the accuracy. Null for one that does not train. */
  user(threads: number): Launch | null;
  /** Null if it is unknown. */
  installedSize(): Promise<InstalledSize | null>;
}

export interface Missing {
  /** Why, in words. */
  readonly missing: string;
}

export const isMissing = (found: Ready | Missing): found is Missing => 'missing' in found;

/** `work`: for ours and the peers' the same network, data and target; `other` is shown beside it, without ratios. */
export type Role = 'ours' | 'peer' | 'other';

export interface Contestant {
  /** The word of `--peers`. */
  readonly name: string;
  /** The spelling of its makers. */
  readonly label: string;
  readonly role: Role;
  /** Variants that compete with each other at each thread count; most have a single one without a name. */
  readonly variants: readonly string[];
  /** Whether the number of threads can be chosen: then it is measured at one and at all physical cores. */
  readonly threaded: boolean;
  /** Under load, also measure all cores if one thread was faster without load. */
  readonly loadedAtAllCores?: boolean;
  /** What its session program supports, and whether it has a user program. */
  readonly can: { readonly target: boolean; readonly infer: boolean; readonly cold: boolean };
  /** Its settings for speed, in one line. */
  readonly settings: string;
  /** Files of a user: absolute paths, for the count of lines. */
  readonly sources: readonly string[];
}

/** A contestant with the result of its preparation. */
export interface Entry {
  readonly contestant: Contestant;
  readonly found: Ready | Missing;
}
