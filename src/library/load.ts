/** `load()`: a model from its file. */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ExitCode, UserError } from '../user-error.js';
import { Model } from './model.js';

/** A file of this size is no model of a small network. */
const mostBytes = 2 ** 31 - 1;

/**
 * Opens a model: its file, the folder of a run, or the file's bytes. No code of the file is run.
 * @throws UserError if it cannot be read, is no model, or has a later format.
 */
export async function load(source: string | URL | Uint8Array): Promise<Model> {
  if (source instanceof Uint8Array) return Model.open(source.slice(), 'the given bytes', null);
  if (typeof source !== 'string' && !(source instanceof URL))
    throw UserError.refusal('source', 'a path, a file: URL or the bytes of a model', source);
  const given = source instanceof URL ? pathOf(source) : source;
  try {
    const isFolder = (await stat(given)).isDirectory();
    const file = isFolder ? path.join(given, 'final.safetensors') : given;
    const { size } = await stat(file);
    if (size > mostBytes)
      throw new UserError(`${file}: ${size} bytes, expected a model of at most ${mostBytes}`);
    return await Model.open(await readFile(file), file, null);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (typeof code !== 'string' || !code.startsWith('E')) throw cause;
    throw new UserError(`cannot read the model ${given}: ${message}`, ExitCode.failure, { cause });
  }
}

function pathOf(url: URL): string {
  if (url.protocol !== 'file:') throw UserError.refusal('source', 'a file: URL', url.href);
  return fileURLToPath(url);
}
