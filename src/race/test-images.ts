/** The test images, inflated on a thread of libuv while this one has other work. */
import { createInflateRaw } from 'node:zlib';

/**
 * Bytes that are inflated before this thread hears of them. The first piece takes about as long as training does here;
 * what is left to evaluate after the last one is small.
 */
const pieceBytes = 2_700_000;

/** Inflates the stream at once; `eat` is called with each piece, in order, never from within a callback of zlib. */
export function inflateAside(stream: Buffer) {
  const inflater = createInflateRaw({ chunkSize: pieceBytes });
  const pieces: Buffer[] = [];
  let eat: ((piece: Buffer) => void) | null = null;
  let ended = false;
  let settle: { readonly resolve: () => void; readonly reject: (error: unknown) => void } | null = null;
  let failure: Error | null = null;
  const turn = () => {
    if (eat === null || settle === null) return;
    try {
      for (let piece = pieces.shift(); piece !== undefined; piece = pieces.shift()) eat(piece);
    } catch (error) {
      settle.reject(error);
    }
    if (failure !== null) settle.reject(failure);
    else if (ended) settle.resolve();
  };
  // A turn of its own: zlib goes on with the next piece first.
  inflater.on('data', (piece: Buffer) => {
    pieces.push(piece);
    setImmediate(turn);
  });
  inflater.on('end', () => {
    ended = true;
    turn();
  });
  inflater.on('error', (error) => {
    failure = error;
    turn();
  });
  inflater.end(stream);
  return {
    /** Resolves when `eat` has had everything. */
    drain(eater: (piece: Buffer) => void): Promise<void> {
      return new Promise((resolve, reject) => {
        eat = eater;
        settle = { resolve, reject };
        turn();
      });
    },
  };
}
