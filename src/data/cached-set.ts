/** A cached set whose archives are damaged: those are downloaded again, which replaces each in one step. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../user-error.js';
import { shownPath } from './content.js';
import { type DownloadOptions, downloadFile } from './download.js';
import { type IdxName, idxNames, type KnownSet } from './known-sets.js';

/**
 * Downloads the archives of `dir` that differ from the published ones. False: there is none, so `error`, the reason for
 * which the set could not be read, has another cause.
 * @throws UserError that begins with `error` if an archive cannot be downloaded.
 */
export async function renewDamaged(
  error: UserError,
  dir: string,
  known: KnownSet,
  options: DownloadOptions & { readonly note?: (line: string) => void },
): Promise<boolean> {
  const damaged: IdxName[] = [];
  for (const name of idxNames) if (await isDamaged(name, dir, known)) damaged.push(name);
  for (const name of damaged) {
    options.note?.(`${shownPath(join(dir, `${name}.gz`))} is damaged: downloading it again`);
    await downloadFile(name, known.files[name], known.mirrors, dir, options).catch((reason: unknown) => {
      if (!(reason instanceof UserError) || options.signal?.aborted) throw reason;
      throw new UserError(`${error.message}; ${reason.message}`, error.exitCode, { cause: reason });
    });
  }
  return damaged.length > 0;
}

/** An archive that is missing, or cannot be read, is no damaged one. */
async function isDamaged(name: IdxName, dir: string, { files }: KnownSet): Promise<boolean> {
  const bytes = await readFile(join(dir, `${name}.gz`)).catch(() => null);
  return bytes !== null && createHash('sha256').update(bytes).digest('hex') !== files[name].archiveSha256;
}
