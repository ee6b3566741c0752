/**
 * Writes test/golden/brain.json: what brain.js makes of the cases of test/support/brain-cases.ts, and networks that
 * it has trained and written. usage: node scripts/write-brain-golden.ts FOLDER_OF_VERSION_2 FOLDER_OF_VERSION_1
 * (folders of packages, such as after `npm install --ignore-scripts brain.js@2.0.0-beta.24` and `brain.js@1.6.1`).
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cases, colours, compared, passes, xor } from '../test/support/brain-cases.ts';

const require = createRequire(import.meta.url);
const folders = process.argv.slice(2).map((folder) => resolve(folder));
if (folders.length !== 2) throw new Error('expected the folders of brain.js 2 and 1');
const [second, first] = folders.map((folder) => require(folder));
const versions = folders.map(
  (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version,
);

const golden = {
  versions,
  cases: cases.map(({ name, network, data, options }) => {
    const net = new second.NeuralNetwork().fromJSON(structuredClone(network));
    const errors: number[] = [];
    const callback = ({ error }: { error: number }) => errors.push(error);
    // Adam is set up when a network is initialised.
    if (options.praxis === 'adam') net._setupAdam();
    net.train(structuredClone(data), {
      ...{ ...options, callback, callbackPeriod: 1, iterations: passes, errorThresh: 1e-12 },
    });
    const outputs = data.slice(0, compared).map(({ input }) => plain(net.run(input)));
    return { name, errors, outputs };
  }),
  written: [second, first].flatMap((library, i) =>
    [
      { name: 'arrays', data: xor, input: [1, 0], options: {} },
      { name: 'objects', data: colours, input: { r: 0.6, b: 0.4 }, options: { hiddenLayers: [4, 3] } },
      { name: 'tanh', data: xor, input: [1, 0], options: { activation: 'tanh', hiddenLayers: [4] } },
    ].map(({ name, data, input, options }) => {
      const net = new library.NeuralNetwork(options);
      net.train(structuredClone(data), { iterations: 300, learningRate: 0.2 });
      const network = JSON.parse(JSON.stringify(net.toJSON()));
      return { name: `${versions[i]}, ${name}`, network, input, output: plain(net.run(input)) };
    }),
  ),
};
const folder = fileURLToPath(new URL('../test/golden/', import.meta.url));
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'brain.json'), `${JSON.stringify(golden)}\n`);

/** Typed arrays as arrays. */
function plain(output: Float32Array | Record<string, number>): unknown {
  return output instanceof Float32Array ? [...output] : output;
}
