// Online gradient descent (brain.js): a module of its own, built in several ways. WIDE is a build constant: the SIMD kernel in
// blocks of samples, or the one in the arithmetic of brain.js.
import { blockSize } from './block';
import { trainSample } from './exact';
import { Net } from './places';
import { trainBlock } from './wide';

/**
 * Trains on the samples [first, last), `first` a multiple of the block; returns the sum of their errors. `isNew`: in the first
 * pass over these samples at this rate and momentum.
 */
export function train(net: usize, first: i32, last: i32, isNew: bool): f64 {
  const sampleBytes = <usize>load<i32>(net, Net.sampleBytes), targetBytes = <usize>load<i32>(net, Net.targetBytes);
  const samples = <usize>load<u32>(net, Net.samples), targets = <usize>load<u32>(net, Net.targets);
  let sum: f64 = 0;
  if (WIDE) {
    const products = <usize>load<u32>(net, Net.products);
    for (let i = first; i < last; i += blockSize) {
      const sample = samples + <usize>i * sampleBytes, target = targets + <usize>i * targetBytes;
      const factors = products + <usize>i * (blockSize << 2);
      sum += trainBlock(net, sample, target, min(blockSize, last - i), factors, isNew);
    }
  } else
    for (let i = first; i < last; i++)
      sum += trainSample(net, samples + <usize>i * sampleBytes, targets + <usize>i * targetBytes);
  return sum;
}

/** At most `most` passes over all samples, until the mean error is not above `threshold`. Returns the number of passes. */
export function passes(net: usize, samples: i32, most: i32, threshold: f64, isNew: bool): i32 {
  let done = 0;
  while (done < most) {
    const error = train(net, 0, samples, isNew && done == 0) / <f64>samples;
    store<f64>(net, error, Net.error);
    done++;
    if (error <= threshold) break;
  }
  return done;
}
