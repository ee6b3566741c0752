/** Files as a command line names them: a path, a folder of images, or `-` for stdin. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../user-error.js';
import { type Content, readContent, shownPath } from './content.js';
import { holdings } from './given-folder.js';
import { inflate } from './inflate.js';

/** Ten times MNIST's training images. More is for training, not for a prediction. */
export const mostBytes = 512 * 2 ** 20;

const imageName = /\.(png|jpe?g|webp|gif)$/i;

/**
 * The files behind a word: those of a folder that are named like images, sorted, else the word itself.
 * @throws UserError for a folder without images, or one that cannot be read.
 */
export async function filesOf(word: string, note: (line: string) => void): Promise<readonly string[]> {
  const isFolder = word !== '-' && (await stat(word).catch(() => null))?.isDirectory() === true;
  if (!isFolder) return [word];
  const entries = await readdir(word, { withFileTypes: true }).catch((cause: NodeJS.ErrnoException) => {
    const reason = cause.code === 'EACCES' ? 'permission denied' : cause.message;
    throw new UserError(`${shownPath(word)}: cannot be read: ${reason}`, undefined, { cause });
  });
  const files = entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
  const images = files.filter((name) => imageName.test(name)).sort();
  if (images.length === 0) {
    const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    const held = holdings({ dir: word, files: files.sort(), folders: folders.sort() });
    throw new UserError(`${shownPath(word)}: no .png, .jpg, .webp or .gif files${held}`);
  }
  const others = files.length - images.length;
  if (others > 0) note(`${shownPath(word)}: ${others} other file${others === 1 ? ' is' : 's are'} not read`);
  return images.map((name) => join(word, name));
}

/** @throws UserError for a file that cannot be read, is broken gzip or too large. */
export async function readGiven(file: string, signal: AbortSignal): Promise<Pick<Content, 'bytes'>> {
  if (file !== '-') return readContent(file, { signal, limitBytes: mostBytes });
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  for await (const part of process.stdin as AsyncIterable<Buffer>) {
    signal.throwIfAborted();
    sizeBytes += part.length;
    if (sizeBytes > mostBytes) throw new UserError(`stdin: more than ${mostBytes} bytes`);
    parts.push(part);
  }
  const bytes = Buffer.concat(parts, sizeBytes);
  return bytes[0] === 0x1f && bytes[1] === 0x8b
    ? inflate(bytes, 'stdin', { signal, limitBytes: mostBytes })
    : { bytes };
}
