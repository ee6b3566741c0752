import { test } from 'node:test';
import { toFunction } from './dist/formats/runtime/predict.js';
import { toJson, fromJson } from './dist/formats/json.js';
import { toModule } from './dist/formats/module.js';
import { someMnist } from './test/support/pairs.ts';
import { answering, compiled } from './test/support/gcc.ts';
import { quantised } from './dist/formats/quantised.js';
import { difference, imported, trainedGraph } from './test/support/graphs.ts';
test('x', async () => {
  const data = await someMnist(2000, 1000);
  for (const words of [
    ['data.normalise=mnist','model.hidden=[256,128]','train.batch=50','train.epochs=2'],
    ['data.normalise=whiten','data.pool=2','model.hidden=[]','train.batch=50','train.epochs=1'],
    ['data.normalise=standardise','data.momentNormalise=true','model.hidden=[32]','train.batch=50','loss.name=squared-error','optimizer.lr=0.01'],
    ['data.features.kind=directions','model.hidden=[]','model.init.kind=zero','train.batch=8','optimizer.lr=0.05'],
    ['data.features.kind=directions','data.features.grid=20','data.features.pool=5','data.features.rows=all','data.features.aspect=true','data.features.gradient=sobel','data.features.quadratic=48','model.hidden=[]','model.init.kind=zero','train.batch=8','optimizer.lr=0.05'],
    ['data.features.kind=directions','data.features.quadratic=16','model.hidden=[30]','model.activation=gelu','train.batch=8','optimizer.lr=0.05'],
  ]) {
    const m = await trainedGraph(words, data);
    if (!m) { console.log('refused', words); continue; }
    const t = performance.now();
    const d = difference(toFunction(m.graph), m, data.test.values, 1000);
    const ms = performance.now() - t;
    const again = fromJson(toJson(m.graph));
    const mod = await imported(again);
    const imgs = data.test.values.subarray(0, 784*1000);
    const p = compiled(m.graph), q = compiled(m.graph, {isQuantised:true});
    const qg = quantised(m.graph), qf = toFunction(qg), qa=answering(q, imgs, 784); let qd=0; let flips=0;
 for(let i=0;i<300;i++){const s=imgs.subarray(i*784,(i+1)*784);const a=qf(s),b=qa(s);flips+=+(toFunction(m.graph)(s).index!==b.index);a.probabilities.forEach((v,k)=>{qd=Math.max(qd,Math.abs(v-b.probabilities[k]))});}
    console.log('C', difference(answering(p, imgs, 784), m, imgs, 1000), 'int8', qd, 'flips', flips, p.header.length, q.header.length, p.header.match(/Flash.*|RAM.*/g));
    console.log(words.join(' '), d, difference(mod.predict, m, data.test.values, 200), 'ms', ms/1000, toModule(m.graph).length, Math.max(...m.logits));
  }
});
