/** What makes samples of picture files: threads of their own, which a room above has. */
import type { PictureFit } from '../../config/choices.js';
import type { ImageShape } from '../images/prepare.js';
import type { Decoded } from './decode-some.js';

export interface PictureDecoder {
  /** What the files say of themselves, in their order. */
  look(paths: readonly string[]): Promise<Decoded[]>;
  /** u8 [pictures][rows][columns][channels], in shared memory; those that failed are black. */
  read(
    paths: readonly string[],
    shape: ImageShape,
    fit: PictureFit,
  ): Promise<{ readonly values: Uint8Array; readonly results: Decoded[] }>;
  close(): Promise<void>;
}

export interface DecodeOptions {
  readonly signal?: AbortSignal | undefined;
  readonly note: (line: string) => void;
}

/** `pictures`: how many there will be. */
export type OpenDecoder = (pictures: number, options: DecodeOptions) => PictureDecoder;
