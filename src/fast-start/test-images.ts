/** The test images, inflated on a thread of libuv while this thread has other work. */
import { createInflateRaw } from 'node:zlib';

/**
 * The places at which the compressed stream is cut, as shares of it. zlib reports each piece to this thread when it is
 * inflated, and only then continues with the next. The first piece takes about as long as this thread's work up to the
 * trained model; little is left to evaluate after the last piece.
 */
const cuts = [0, 0.62, 0.82, 0.94, 1];

/** Inflates the stream at once; see `drain`. `bytes`: size of the whole output. */
export function inflateAside(stream: Buffer, bytes: number) {
  // One chunk for the whole output and some spare; otherwise zlib requests another.
  const inflater = createInflateRaw({ chunkSize: bytes + 64 });
  const pieces: Buffer[] = [];
  let missing = bytes;
  let failure: Error | null = null;
  let turn = () => {};
  // In a separate turn: zlib continues with the next piece first.
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
    /** Calls `eat` with each piece in order; resolves after the last one. */
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
