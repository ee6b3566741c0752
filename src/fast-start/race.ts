/**
 * From a bare process to the accuracy on all test images, as fast as possible: one thread besides libuv's, only the
 * necessary modules loaded, the line printed at once. Checks, workers, statistics and records come after.
 */
import { checkHeader, dataFolder, deflated, inflatePrefix, readArchive } from './data-files.js';
import { openRaceModule } from './module.js';
import type { RaceRecipe } from './recipe.js';
import { imageBytes, memoryPages, Sprint } from './sprint.js';
import { inflateAside } from './test-images.js';

const [trainCount, testCount] = [60_000, 10_000];
/** Compressed bytes of an image: the mean and a margin. */
const likelyBytesPerImage = 165;

/** The results of the race, for verification and records. Times in milliseconds since the process started. */
export interface Raced {
  readonly recipe: RaceRecipe;
  readonly accuracy: number;
  /** When the accuracy was known. */
  readonly elapsedMs: number;
  /** When each phase ended, in order. */
  readonly marks: readonly (readonly [phase: string, atMs: number])[];
  readonly level: string;
  /** Whether the kernels were compiled or loaded from the cache. */
  readonly compiled: string;
  /** The bytes that were used. */
  readonly used: {
    readonly trainImages: Uint8Array;
    readonly trainLabels: Uint8Array;
    readonly testImages: readonly Uint8Array[];
    readonly testLabels: Uint8Array;
  };
}

/** `compiles`: even if the build has cached the kernels' code. */
export async function race(
  recipe: RaceRecipe,
  environment: NodeJS.ProcessEnv,
  compiles: boolean,
): Promise<Raced> {
  const marks: [string, number][] = [];
  const mark = (phase: string) => marks.push([phase, performance.now()]);
  mark('start Node.js');
  const folder = dataFolder(environment);
  if (folder === null) throw new Error('the files of MNIST are not here yet');
  const testArchive = readArchive(folder, 't10k-images-idx3-ubyte');
  const stream = deflated(testArchive, 't10k-images-idx3-ubyte').subarray(0, -8);
  const testImages = inflateAside(stream, 16 + testCount * imageBytes);
  mark('read test images');
  const { level, compiled, kernels, memory } = openRaceModule(
    recipe.shape.grid,
    memoryPages(recipe, testCount),
    compiles,
  );
  const sprint = new Sprint(recipe, kernels, memory, testCount);
  mark('kernels');

  const content = (name: Parameters<typeof inflatePrefix>[1], header: readonly number[], count: number) => {
    const [size, itemBytes] = [4 + 4 * header.length, header.length === 1 ? 1 : imageBytes];
    const bytes = inflatePrefix(
      folder,
      name,
      size + count * itemBytes,
      1024 + count * (itemBytes === 1 ? 1 : likelyBytesPerImage),
    );
    checkHeader(bytes, name, header);
    return bytes.subarray(size);
  };
  const trainImages = content('train-images-idx3-ubyte', [trainCount, 28, 28], recipe.images);
  const trainLabels = content('train-labels-idx1-ubyte', [trainCount], recipe.images);
  const testLabels = content('t10k-labels-idx1-ubyte', [testCount], testCount);
  mark('inflate training images');
  sprint.train(trainImages, trainLabels);
  sprint.setTestLabels(testLabels);
  mark('train');

  const pieces: Uint8Array[] = [];
  let header: Buffer | null = null;
  await testImages.drain((piece) => {
    if (header === null) {
      mark('wait for test images');
      header = piece;
      checkHeader(piece, 't10k-images-idx3-ubyte', [testCount, 28, 28]);
    }
    const images = piece === header ? piece.subarray(16) : piece;
    pieces.push(images);
    sprint.evaluate(images);
  });
  if (sprint.evaluated !== testCount) throw new Error(`there are ${sprint.evaluated} test images`);
  const accuracy = sprint.hits / testCount;
  mark('test');
  const used = { trainImages, trainLabels, testImages: pieces, testLabels };
  return { recipe, accuracy, elapsedMs: marks[marks.length - 1][1], marks, level, compiled, used };
}
