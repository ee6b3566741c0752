/** What a thread does with some pictures: looks at their headers, or makes samples of them. Each picture is independent. */
import type { PictureFit } from '../../config/choices.js';
import { UserError } from '../../user-error.js';
import { readContent, shownPath } from '../content.js';
import { mostBytes } from '../given-files.js';
import { loadSharp, lookAt, type MakeSharp, type PictureLook } from '../images/decode.js';
import type { ImageShape } from '../images/prepare.js';
import { framedImage } from '../images/read-image.js';

export interface DecodeTask {
  readonly paths: readonly string[];
  /** Null: the headers are looked at. */
  readonly samples: {
    readonly shape: ImageShape;
    readonly fit: PictureFit;
    /** u8 [pictures of all tasks][rows][columns][channels]; those of this task begin at picture `first`. */
    readonly room: SharedArrayBuffer;
    readonly first: number;
  } | null;
}

/** Of one picture. `failure`: the refusal, which names the file. */
export type Decoded =
  | { readonly failure: string }
  | { readonly failure: null; readonly look: PictureLook | null; readonly sha256: string };

/** The library's own threads decode one picture while this one reads or frames another. */
const atOnce = 4;

export async function decodeSome(task: DecodeTask): Promise<Decoded[]> {
  const sharp = await loadSharp();
  const results: Decoded[] = [];
  let next = 0;
  const work = async () => {
    for (let at = next++; at < task.paths.length; at = next++) results[at] = await decodeOne(sharp, task, at);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return results;
}

async function decodeOne(sharp: MakeSharp, { paths, samples }: DecodeTask, at: number): Promise<Decoded> {
  const path = paths[at];
  const name = shownPath(path);
  try {
    const { bytes, sha256 } = await readContent(path, { limitBytes: mostBytes });
    if (samples === null) return { failure: null, look: await lookAt(sharp, bytes, name), sha256 };
    const { shape, fit, room, first } = samples;
    const values = await framedImage(sharp, bytes, shape, fit, name);
    new Uint8Array(room).set(values, (first + at) * values.length);
    return { failure: null, look: null, sha256 };
  } catch (error) {
    if (error instanceof UserError) return { failure: error.message };
    throw error;
  }
}
