/** What a checkpoint says of a run that is none. */
import type { Config } from '../../dist/config/schema.js';
import type { RunFacts } from '../../dist/run/checkpoint-file.js';

export const factsOfTest = (config: Config): RunFacts => ({
  ...{ name: 'test', config, version: '', kernels: null, threads: 1, sync: 'owner', data: {} },
  ...{ startedAt: '', command: '', resumed: [] },
});
