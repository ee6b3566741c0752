/** `load()`: a model from its file. */
import { readModel } from './files.js';
import { Model } from './model.js';

/**
 * Opens a model: its file, the folder of a run, or the file's bytes. No code of the file is run.
 * @throws UserError if it cannot be read, is no model, or has a later format.
 */
export async function load(source: string | URL | Uint8Array): Promise<Model> {
  if (source instanceof Uint8Array) return Model.open(source.slice(), 'the given bytes', null);
  const { bytes, source: file } = await readModel('source', source);
  return Model.open(bytes, file, null);
}
