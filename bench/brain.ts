/**
 * `shardstep/brain` against brain.js (the pinned version of bench/peers/javascript/brain.js, installed on first use):
 * the same network, samples and options, one call of train() each, in turn. XOR as its README has it, 784-128-10 on images of
 * MNIST, and the same on noise, where no input is 0. The first round, with compiling, is kept apart.
 */
import { createRequire } from 'node:module';
import { NeuralNetwork, type Sample, type TrainOptions } from '../dist/brain/index.js';
import { Rng } from '../dist/numbers/rng.js';
import { alternate, type Case, mnistImages, printed, ratios, shown, spread } from './harness.ts';
import { prepareJavaScript } from './peers/javascript-environment.ts';
import { type BarId, judge, writeRecord } from './record.ts';

const rounds = 7;
const [images, passes] = [1000, 10];

interface Work {
  readonly name: string;
  /** Null: no bar. */
  readonly bar: BarId | null;
  readonly data: readonly Sample[];
  readonly hidden: readonly number[];
  readonly options: TrainOptions;
  /** brain.js trains on so many of the samples, with as many passes: its time is per sample too. */
  readonly peerSamples: number;
}

interface Network {
  train(data: readonly Sample[], options: TrainOptions): { readonly iterations: number };
}

export default async function brain(): Promise<void> {
  const prepared = (await prepareJavaScript(['brain.js'])).get('brain.js');
  if (prepared === undefined || 'missing' in prepared) throw new Error(`brain.js: ${prepared?.missing}`);
  const require = createRequire(import.meta.url);
  const peer = require(prepared.packageFolder);
  const { version } = require(`${prepared.packageFolder}/package.json`);
  const works = await allWorks();
  const names = works.flatMap(({ name }) => [`${name}, shardstep`, `${name}, brain.js ${version}`]);
  const cases: Case[] = works.flatMap(({ data, hidden, options, peerSamples }, i) => {
    const few = data.slice(0, peerSamples);
    // brain.js takes arrays; so does shardstep, which also takes typed arrays.
    return [
      {
        name: names[2 * i],
        run: () => timed(new NeuralNetwork({ hiddenLayers: hidden }), data, options),
      },
      {
        name: names[2 * i + 1],
        run: () => timed(new peer.NeuralNetwork({ hiddenLayers: hidden }), few, options),
      },
    ];
  });
  const taken = await alternate(cases, { rounds });
  const samplesOf = (name: string) => taken.get(name)?.samples ?? [];
  const measured = works.map(({ name, bar }, i) => {
    const [own, other] = [samplesOf(names[2 * i]), samplesOf(names[2 * i + 1])];
    return { name, bar, own, other, faster: ratios(other, own) };
  });
  const rows = measured.map(({ name, own, other, faster }) => [
    name,
    ...[shown(spread(own), 3), shown(spread(other), 3), shown(spread(faster), 1)],
  ]);
  await writeRecord('brain', {
    bars: measured.flatMap(({ bar, faster }) => (bar === null ? [] : [judge(bar, faster)])),
    tables: [
      printed({
        title: `shardstep/brain against brain.js ${version}`,
        note: `µs a sample and pass, data preparation included: median (range) of ${rounds} rounds in turn.`,
        rows: [['work', 'shardstep', 'brain.js', '× faster'], ...rows],
      }),
    ],
    samples: Object.fromEntries(
      names.flatMap((name) => [
        [`${name}, µs a sample`, samplesOf(name)],
        [`${name}, first round, µs a sample`, taken.get(name)?.first ?? []],
      ]),
    ),
  });
}

/** Microseconds a sample and pass. */
function timed(net: Network, data: readonly Sample[], options: TrainOptions): number {
  const began = performance.now();
  const { iterations } = net.train(data, options);
  return (1000 * (performance.now() - began)) / (iterations * data.length);
}

async function allWorks(): Promise<Work[]> {
  const { train } = await mnistImages();
  const rng = new Rng(1);
  const output = (i: number) => Array.from({ length: 10 }, (_, k) => Number(k === train.targets[i]));
  const picture = (i: number) => Array.from(train.values.subarray(784 * i, 784 * (i + 1)), (v) => v / 255);
  const noise = () => Array.from({ length: 784 }, () => Math.abs(rng.symmetric(1)));
  const of = (input: (i: number) => number[]) =>
    Array.from({ length: images }, (_, i) => ({ input: input(i), output: output(i) }));
  const wide = {
    hidden: [128],
    options: { iterations: passes, errorThresh: 1e-9 },
    peerSamples: images / 10,
  };
  const xor = [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ].map(([a, b]) => ({ input: [a, b], output: [a ^ b] }));
  return [
    {
      ...{ name: 'XOR, 2-3-1, 20,000 passes', bar: 'brain-xor', data: xor, hidden: [3], peerSamples: 4 },
      options: { iterations: 20000, errorThresh: 1e-9 },
    },
    { name: 'MNIST, 784-128-10', bar: 'brain-digits', data: of(picture), ...wide },
    { name: 'noise, 784-128-10', bar: null, data: of(noise), ...wide },
  ];
}
