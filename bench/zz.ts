import { resolveConfig } from '../dist/config/load.js';
import { prepareData } from '../dist/coordinator/prepare-data.js';
import { initialTensors } from '../dist/model/initialise.js';
import { Rng } from '../dist/data/rng.js';
import { openPredictor } from '../dist/inference/predictor.js';
import { loadedKernels, mnistImages, root } from './harness.ts';
const { config } = await resolveConfig({ file: 'fastmlp', overrides: process.argv.slice(2), environment: {}, directory: root });
const dataset = await mnistImages();
const data = prepareData(dataset, config);
const p = openPredictor({ config, rows: 28, columns: 28, facts: data.facts, shift: data.shift }, initialTensors([784,256,128,10],'torch',new Rng(1)), loadedKernels(), 'x');
console.log(loadedKernels().level, data.facts.packing);
for (const n of [1, 16, 96, 1024, 10000]) {
  const im = dataset.test.images.subarray(0, n*784);
  const out = new Float32Array(n*10);
  const ms=[];
  const reps = n===1?3000: n===10000?15:50;
  for (let i=0;i<reps;i++){ const t=performance.now(); p.predict(im,out); ms.push(performance.now()-t);}
  ms.sort((a,b)=>a-b);
  console.log(n, 'median ms', ms[reps>>1].toFixed(4), 'min', ms[0].toFixed(4), 'img/s', Math.round(n/ms[reps>>1]*1000));
}
