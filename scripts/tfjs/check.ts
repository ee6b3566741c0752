/**
 * Loads tfjs-node from a package folder, multiplies two matrices and prints the versions that run, as JSON. It is a
 * separate process: a loaded library stays loaded, and a broken one may end the process.
 * usage: check.ts FOLDER
 */
import { loadPackage, setEnvironment } from '../../dist/backend/tfjs/library.js';

setEnvironment(1);
const { tensorflow: tf, versions } = loadPackage(process.argv[2]);
const product = tf.matMul(tf.tensor(Float32Array.of(1, 2), [1, 2]), tf.tensor(Float32Array.of(3, 4), [2, 1]));
const [value] = product.dataSync();
if (value !== 11) throw new Error(`1 · 3 + 2 · 4 gives ${value}`);
console.log(JSON.stringify(versions));
