/** A program's text with another mirror of MNIST, and the checksums of the archives there. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { idxNames, knownSets } from '../../dist/data/known-sets.js';
import type { Archives } from './data-server.ts';

const { mnist } = knownSets;

/** The content of these is the published one; their compression is not. */
export const vendoredArchives = Object.fromEntries(
  idxNames.map((name) => [name, readFileSync(new URL(`../../data/mnist/${name}.gz`, import.meta.url))]),
) as Archives;

export const namesMirrors = (text: string): boolean =>
  text.includes(mnist.files['train-images-idx3-ubyte'].archiveSha256);

export function withMirror(text: string, url: string, archives: Archives): string {
  let changed = text;
  for (const mirror of mnist.mirrors) changed = changed.replace(mirror, url);
  for (const name of idxNames) {
    const [{ archiveSizeBytes, archiveSha256 }, archive] = [mnist.files[name], archives[name]];
    changed = changed
      .replace(`archiveSizeBytes:${archiveSizeBytes}`, `archiveSizeBytes:${archive.length}`)
      .replace(archiveSha256, createHash('sha256').update(archive).digest('hex'));
  }
  return changed;
}
