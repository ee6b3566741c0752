/** `load()`: a model from its file. */
import { readModel } from './files.js';
import { Model } from './model.js';

/**
 * Opens a model: its file, the folder of a run, or the file's bytes. No code of the file is run.
 * @throws UserError if it cannot be read, is no model, or has a later format.
 */
export async function load(source: string | URL | Uint8Array): Promise<Model> {
  return Model.load(
    source instanceof Uint8Array
      ? Promise.resolve({ bytes: source.slice(), source: 'the given bytes' })
      : readModel('source', source),
  );
}
