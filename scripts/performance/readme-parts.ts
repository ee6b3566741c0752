/** The README's generated sections: why it is fast, the peers' race in short, and where the project falls short. */
import { table } from '../../dist/numbers/columns.js';
import type { BarId } from './bars.ts';
import { loadWinSentence, raceRows, winSentences } from './peers/tables.ts';
import { type Bar, type BenchRecord, folderName } from './record-format.ts';
import { figure } from './record-markdown.ts';

type Figures = (id: BarId) => string;

/** Each with its figure and the benchmark behind it; no sentence depends on the value of the figure. */
const reasons: readonly { readonly bench: string; readonly text: (figureOf: Figures) => string }[] = [
  {
    bench: 'sprint',
    text: (figureOf) =>
      '**Direction features need few images.** With 2,000 training images in memory, `mnist-97` is trained and tested on all ' +
      `10,000 test images in ${figureOf('sprint-97-time')}, workers ready`,
  },
  {
    bench: 'cold',
    text: (figureOf) =>
      '**A short start.** One file without packages, and kernels whose machine code the build caches: process start to ' +
      `accuracy takes ${figureOf('cold-over-empty')} the time of \`node -e 0\``,
  },
  {
    bench: 'engine',
    text: (figureOf) =>
      '**SIMD kernels.** The dense tile runs at ' +
      `${figureOf('engine-dense-tile-peak')} of the measured peak of 256-bit multiply-adds on one core`,
  },
  {
    bench: 'engine',
    text: (figureOf) =>
      '**Sparse input.** Zero pixels cost nothing: an epoch of 196-128-10 with its evaluation takes ' +
      `${figureOf('engine-epoch-over-peers')} the time of the faster of JAX and PyTorch`,
  },
  {
    bench: 'threads',
    text: (figureOf) =>
      '**Shared memory.** Workers exchange no messages within a step: two threads reach ' +
      `${figureOf('threads-ceiling-4096')} the throughput of two independent processes at batch 4,096, ` +
      `${figureOf('threads-ceiling-512')} at 512`,
  },
];

export function reasonList(all: readonly Bar[]): string {
  const figureOf: Figures = (id) =>
    medianOf(all.find((bar) => bar.id === id) ?? { measured: null, unit: '' });
  return reasons.map(({ bench, text }) => `- ${text(figureOf)} (\`npm run bench -- ${bench}\`).`).join('\n');
}

/** How many bars are met, missed and not measured. */
export function barSentence(all: readonly Bar[]): string {
  const missed = all.filter(({ met }) => met === false);
  const met = all.filter((bar) => bar.met === true);
  const unknown = all.length - missed.length - met.length;
  return (
    `Of the project's ${all.length} performance bars, ${met.length} are met, ${missed.length} are missed and ${unknown} are not ` +
    'measured. [docs/figures.md](docs/figures.md) explains each miss; [docs/PERFORMANCE.md](docs/PERFORMANCE.md) lists all bars.'
  );
}

/** The chart and the times to the target. */
export function shortRace(record: BenchRecord): string {
  const { peers } = record;
  if (peers === undefined) throw new Error(`record ${folderName(record)}: expected peers, got none`);
  const folder = `results/records/${folderName(record)}`;
  const [heading, ...rows] = raceRows(peers);
  const columns = heading.flatMap((words, column) =>
    /^(contestant|to .*|× shardstep|peak memory)$/.test(words) ? [column] : [],
  );
  const timed = rows.filter((row) => row[1] !== '–');
  const cells = [heading, ...timed].map((row) =>
    columns.map((column) => row[column].replace(/ \([\d.,]+–[\d.,]+\)$/, '')),
  );
  const { date, machine } = record;
  const target = `${figure(100 * peers.target)} %`;
  return [
    `![time to ${target}, resident and cold](${folder}/bars.svg)`,
    `784-256-128-10 on pixels until ${target} of the test images, medians of ${peers.rounds} rounds in turn; ${date.slice(0, 10)}, ` +
      `${machine.processor}, ${machine.cores} cores. *Resident*: data in memory; *cold*: from process start.`,
    table(cells),
  ].join('\n\n');
}

/** One item for each measurement at which a peer is better. */
export function winList(record: BenchRecord | undefined): string {
  if (record?.peers === undefined) return 'No race against peers has been recorded.';
  const sentences = [...winSentences(record.peers), ...loadWinSentence(record.peers)];
  return sentences.length === 0
    ? 'No peer is better at anything that the race measures.'
    : sentences.map((sentence) => `- ${sentence[0].toUpperCase()}${sentence.slice(1)}`).join('\n');
}

function medianOf({ measured, unit }: Pick<Bar, 'measured' | 'unit'>): string {
  if (measured === null) return '(not measured)';
  return `**${figure(typeof measured === 'number' ? measured : measured.median)} ${unit}**`;
}
