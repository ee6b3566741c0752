/** The test images, inflated on a thread of libuv while this one has other work. */
import { createInflateRaw } from 'node:zlib';

/**
 * Where the compressed stream is cut, as shares of it: zlib tells this thread of each part when it is inflated and only
 * then goes on with the next. The first part takes about as long as everything up to the trained model does here;
 * what is left to evaluate after the last one is small.
 */
const cuts = [0, 0.62, 0.82, 0.94, 1];

/** Inflates the stream at once; see `drain`. `bytes`: of all that comes out. */
export function inflateAside(stream: Buffer, bytes: number) {
  // One chunk for everything and some spare: else zlib asks for another.
  const inflater = createInflateRaw({ chunkSize: bytes + 64 });
  const pieces: Buffer[] = [];
  let missing = bytes;
  let failure: Error | null = null;
  let turn = () => {};
  // In a turn of its own: zlib goes on with the next part first.
  inflater.on('data', (piece: Buffer) => {
    pieces.push(piece);
    missing -= piece.length;
    setImmediate(() => turn());
  });
  inflater.on('end', () => {
    if (missing > 0) failure ??= new Error(`the test images end ${missing} bytes early`);
    turn();
  });
  inflater.on('error', (error) => {
    failure = error;
    turn();
  });
  for (let i = 1; i < cuts.length; i++)
    inflater.write(stream.subarray(cuts[i - 1] * stream.length, cuts[i] * stream.length));
  inflater.end();
  return {
    /** Calls `eat` with each piece in order; resolves when it has had everything. */
    drain(eat: (piece: Buffer) => void): Promise<void> {
      return new Promise((resolve, reject) => {
        turn = () => {
          try {
            for (let piece = pieces.shift(); piece !== undefined; piece = pieces.shift()) eat(piece);
          } catch (error) {
            reject(error);
          }
          if (failure !== null) reject(failure);
          else if (missing <= 0) resolve();
        };
        turn();
      });
    },
  };
}
