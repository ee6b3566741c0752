/**
 * A process that loads a data set as every command does, downloads included, and ends as the command line does. Its words:
 * the cache folder, and the known sets as JSON, whose mirrors are on this machine.
 */
import { createHash } from 'node:crypto';
import { loadDataset } from '../../dist/data/load.js';
import { systemFailure } from '../../dist/file-failure.js';
import { UserError } from '../../dist/user-error.js';

const [cacheDir = '', sets = ''] = process.argv.slice(2);
try {
  const { train, test } = await loadDataset(
    { set: 'fashion-mnist', dir: null },
    { environment: {}, cacheDir, knownSets: JSON.parse(sets) },
  );
  const hash = createHash('sha256').update(train.values).update(test.values).digest('hex');
  console.log(train.count, test.count, hash);
} catch (thrown) {
  const error = systemFailure(thrown) ?? thrown;
  if (!(error instanceof UserError)) throw error;
  console.error(`error: ${error.message}`);
  process.exitCode = error.exitCode;
}
