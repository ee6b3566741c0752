/**
 * Loads a data set from the mirror of its first argument into the cache of its second, and prints `right`, `refused` or what
 * is wrong. The archives, base64 by name, come on stdin.
 */
import { text } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { type IdxName, idxNames } from '../../dist/data/known-sets.js';
import { loadDataset } from '../../dist/data/load.js';
import { UserError } from '../../dist/user-error.js';
import { knownSetsWith } from '../../test/support/data-server.ts';

const [url, cacheDir] = process.argv.slice(2);
const given: Record<IdxName, string> = JSON.parse(await text(process.stdin));
const archive = (name: IdxName) => Buffer.from(given[name], 'base64');
const archives = {
  'train-images-idx3-ubyte': archive('train-images-idx3-ubyte'),
  'train-labels-idx1-ubyte': archive('train-labels-idx1-ubyte'),
  't10k-images-idx3-ubyte': archive('t10k-images-idx3-ubyte'),
  't10k-labels-idx1-ubyte': archive('t10k-labels-idx1-ubyte'),
};
try {
  const knownSets = knownSetsWith(archives, [{ url, requests: [] }]);
  const dataset = await loadDataset(
    { set: 'fashion-mnist', dir: null },
    { environment: {}, cacheDir, knownSets },
  );
  const expected = gunzipSync(archives[idxNames[0]]).subarray(16);
  const { values } = dataset.train;
  const isRight =
    Buffer.compare(Buffer.from(values.buffer, values.byteOffset, values.byteLength), expected) === 0;
  console.log(isRight ? 'right' : 'other samples');
} catch (error) {
  console.log(error instanceof UserError ? 'refused' : String(error));
}
