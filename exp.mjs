import { loadKernels } from './dist/kernels/load.js';
import { allocate } from './dist/memory/shared-memory.js';
import { instantiateDirections } from './dist/kernels/directions/direction-kernels.js';
import { directionFeatures } from './dist/kernels/directions/directions-reference.js';
import { directionShape } from './dist/kernels/directions/spec.js';
import { directions } from './dist/formats/runtime/directions.js';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
const bytes = gunzipSync(readFileSync('data/mnist/t10k-images-idx3-ubyte.gz')).subarray(16);
const N = 512;
for (const spec of [{grid:12,pool:4,aspect:false,rows:'pairs',gradient:'central',quadratic:0},{grid:20,pool:5,aspect:true,rows:'all',gradient:'sobel',quadratic:0},{grid:16,pool:4,aspect:true,rows:'all',gradient:'central',quadratic:0}]) {
  const shape = directionShape(spec); shape; 
  const got = {};
  for (const level of ['relaxed-256','simd']) {
    const k = loadKernels([level], shape);
    const memory = allocate(64*65536*2);
    const d = instantiateDirections(k.modules.directions, memory);
    const img=65536, ord=img+N*784+128, out=(ord+N*4+127)&~127, S=out+N*shape.features*4+128;
    new Uint8Array(memory.buffer,img,N*784).set(bytes.subarray(0,N*784));
    const o=new Int32Array(memory.buffer,ord,N); for(let i=0;i<N;i++)o[i]=i;
    const scratch=(S+127)&~127;
    d.initialise(scratch, shape.size, +shape.aspect, +shape.allRows, +shape.sobel, shape.pool);
    d.extract(img, ord, N/8, out, scratch);
    const x=new Float32Array(memory.buffer,out,N*shape.features);
    got[level]=(i,f)=>x[((i>>3)*shape.features+f)*8+(i&7)];
  }
  const diff=(a,b)=>{let m=0,n=0;for(let i=0;i<N;i++)for(let f=0;f<shape.features;f++){const e=Math.abs(a(i,f)-b(i,f));if(e>m)m=e;if(e>0)n++;}return `${m.toExponential(2)} (${n} differ)`;};
  const js=(fused)=>{const all=[];for(let i=0;i<N;i++)all.push(directions(bytes.subarray(i*784,(i+1)*784),shape,fused));return (i,f)=>all[i][f];};
  const ref=[];for(let i=0;i<N;i++)ref.push(directionFeatures(bytes.subarray(i*784,(i+1)*784),shape));
  let mx=0;for(let i=0;i<N;i++)for(const v of ref[i])mx=Math.max(mx,v);
  console.log(spec, 'max',mx);
  const t=performance.now(); const a=js(true), b=js(false); console.log('ms/img',(performance.now()-t)/2/N);
  console.log('relaxed vs simd', diff(got['relaxed-256'],got.simd));
  console.log('relaxed vs fused', diff(got['relaxed-256'],a),'simd vs unfused', diff(got.simd,b), 'relaxed vs ref', diff(got['relaxed-256'],(i,f)=>ref[i][f]));
}
