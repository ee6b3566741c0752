/** Files that a program names by a path or a URL. */
import { readFile, type Stats, stat } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { isPath } from '../config/home.js';
import { cannot } from '../file-failure.js';
import { requireWhole } from '../memory/whole-file.js';
import { ExitCode, UserError } from '../user-error.js';

/** `key`: the argument's name, in messages. @throws UserError for anything but a path or a file: URL. */
export function pathOf(key: string, place: string | URL): string {
  if (isPath(place)) return place;
  const ofUrl = place instanceof URL && place.protocol === 'file:' ? fileURLToPath(place) : null;
  if (isPath(ofUrl)) return ofUrl;
  throw UserError.refusal(key, 'a path or a file: URL', place instanceof URL ? place.href : place);
}

export interface ModelBytes {
  readonly bytes: Uint8Array;
  /** Names them in messages. */
  readonly source: string;
}

/** The bytes of a model's file, or of that in a run folder. @throws UserError if they cannot be read. */
export async function readModel(key: string, place: string | URL): Promise<ModelBytes> {
  const given = pathOf(key, place);
  try {
    const stats = await statOf(given);
    const source = stats.isDirectory() ? path.join(given, 'final.safetensors') : given;
    requireWhole(source, stats.isDirectory() ? await statOf(source) : stats);
    return { bytes: await bytesOf(source), source };
  } catch (cause) {
    if (cause instanceof UserError) throw cause;
    const refused = { key, received: given };
    throw cannot('read the model', given, cause, ExitCode.failure, { refused });
  }
}

// By callback: loading node:fs/promises takes 2 ms.
const statOf = (file: string): Promise<Stats> =>
  new Promise((resolve, reject) => stat(file, (error, stats) => (error ? reject(error) : resolve(stats))));

const bytesOf = (file: string): Promise<Uint8Array> =>
  new Promise((resolve, reject) =>
    readFile(file, (error, bytes) => (error ? reject(error) : resolve(bytes))),
  );
