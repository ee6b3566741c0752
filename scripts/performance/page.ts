/**
 * docs/PERFORMANCE.md, docs/figures.md and the README's figures, made from the newest records: same records, same text.
 */
import { table } from '../../dist/numbers/columns.js';
import { isProof } from '../reliability/promises.ts';
import { type BarDefinition, bars, commandOf } from './bars.ts';
import { peersSection } from './peers/section.ts';
import { barSentence, reasonList, shortRace, winList } from './readme-parts.ts';
import { recipeTable } from './recipe-comments.ts';
import type { Bar, BenchRecord } from './record-format.ts';
import { barTable, explanations, limitOf, measuredOf, recordBody, verdictOf } from './record-markdown.ts';

const tracks: readonly { readonly track: Bar['track']; readonly title: string }[] = [
  { track: 'features', title: 'With features from the literature' },
  { track: 'pixels', title: 'Pixels only' },
  { track: 'both', title: 'Both tracks' },
  { track: 'tables', title: 'Tables' },
];

type Records = ReadonlyMap<string, BenchRecord>;

/** In this order; records of other benchmarks follow by name. */
const benches = [
  'sprint',
  'recipes',
  'cold',
  'start',
  'inference',
  'engine',
  'threads',
  'tfjs',
  'profile',
  'library',
  'tables',
  'texts',
  'peers',
];

const notMeasured = (bench: string): string => `Not measured: \`${commandOf(bench)} --record\`.`;

/** The whole of docs/PERFORMANCE.md. */
export function performancePage(records: Records): string {
  const all = allBars(records);
  const why = explanations(all);
  const others = [...records.keys()].filter((bench) => !benches.includes(bench) && !isProof(bench)).sort();
  return `${[
    '# Performance',
    'Written by `npm run docs` from the newest record of each benchmark in [results/records](../results/records). ' +
      'A bar is judged by the median. *Pixels only* means networks that see pixels, as they are or pooled; *with ' +
      'features from the literature* means direction features of moment-normalised images, made within the ' +
      'measured time.',
    ...tracks.flatMap(({ track, title }) => {
      const ofTrack = all.filter((bar) => bar.track === track);
      return ofTrack.length === 0 ? [] : [`## ${title}`, barTable(ofTrack)];
    }),
    ...(why.length === 0 ? [] : ['## Missed and not measured', why.join('\n')]),
    ...[...benches, ...others].flatMap((bench) => {
      const record = records.get(bench);
      const body = record === undefined ? notMeasured(bench) : recordBody(record, 3);
      return [`## Benchmark ${bench}`, body];
    }),
  ].join('\n\n')}\n`;
}

/** A page of the repository's root or of docs/, with its generated sections up to date; other pages are unchanged. */
export function withFigures(page: string, records: Records, folder: '' | 'docs' = ''): string {
  const all = allBars(records);
  const peers = records.get('peers');
  const raced = (section: (record: BenchRecord) => string) =>
    peers === undefined ? notMeasured('peers') : section(peers);
  const parts: readonly (readonly [name: string, text: () => string])[] = [
    ['reasons', () => reasonList(all)],
    ['race', () => raced(shortRace)],
    ['bars', () => barSentence(all)],
    ['wins', () => winList(peers)],
    ['performance', () => headlines(all)],
    ['missed', () => explanations(all).join('\n')],
    ['recipes', () => recipeAccuracy(records)],
    ['peers', () => raced((record) => peersSection(record, folder === '' ? '' : '../'))],
    ['sprint', () => tablesOf(records, 'sprint', 'Time and accuracy')],
    ['cold', () => tablesOf(records, 'cold', 'Cold start')],
    ['start', () => tablesOf(records, 'start', 'Start of a training')],
    ['kernels', () => kernelShares(records)],
  ];
  return parts.reduce((text, [name, part]) => between(text, name, part), page);
}

function between(text: string, name: string, part: () => string): string {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 && to < 0) return text;
  if (from < 0 || to < from) throw new Error(`expected the markers ${begin} and ${end}, in this order`);
  return `${text.slice(0, from + begin.length)}\n\n${part()}\n\n${text.slice(to)}`;
}

function headlines(all: readonly Bar[]): string {
  const names = new Set<string>(
    Object.entries<BarDefinition>(bars)
      .filter(([, { headline }]) => headline)
      .map(([id]) => id),
  );
  const shown = all.filter(({ id }) => names.has(id));
  const rows = tracks.flatMap(({ track, title }) =>
    shown
      .filter((bar) => bar.track === track)
      .map((bar) => [title.toLowerCase(), bar.text, limitOf(bar), measuredOf(bar), verdictOf(bar)]),
  );
  return table([['track', 'what', 'bar', 'median (min–max)', 'verdict'], ...rows], 'llrrl');
}

function recipeAccuracy(records: Records): string {
  const record = records.get('recipes');
  return record === undefined ? notMeasured('recipes') : recipeTable(record);
}

/** A table of a record with its note. */
function tablesOf(records: Records, bench: string, title: string): string {
  const found = records.get(bench)?.tables.find((each) => each.title === title);
  if (found === undefined) return notMeasured(bench);
  return [found.note ?? '', table(found.rows)].join('\n\n').trim();
}

/** The kernels that the engine uses, from the tables that give them as shares of the peak. */
function kernelShares(records: Records): string {
  const heading = ['work', 'GFLOP/s', '% of the peak'];
  const rows = (records.get('engine')?.tables ?? [])
    .filter(({ rows: [first] }) => first.join() === heading.join())
    .flatMap((shares) =>
      shares.rows.slice(1).filter(([work]) => /matmul16|outer16|forward|\(used\)/.test(work)),
    );
  return rows.length === 0 ? notMeasured('engine') : table([heading, ...rows]);
}

/** Every bar of the list as recorded, or as not measured; then bars that only the records have. Those of proofs are in RELIABILITY.md. */
function allBars(records: Records): Bar[] {
  const recorded = new Map(
    [...records.values()]
      .filter(({ bench }) => !isProof(bench))
      .flatMap((record) => record.bars.map((bar) => [bar.id, bar])),
  );
  const ofSpeed = Object.entries<BarDefinition>(bars).filter(([, { bench }]) => !isProof(bench));
  const listed = ofSpeed.map(
    ([id, { bench, track, text, unit, limit, direction }]): Bar =>
      recorded.get(id) ?? {
        ...{ id, track, text, unit, limit, direction },
        ...{ measured: null, met: null, command: commandOf(bench) },
      },
  );
  const extra = [...recorded.values()].filter(({ id }) => !Object.hasOwn(bars, id));
  return [...listed, ...extra.sort((a, b) => (a.id < b.id ? -1 : 1))];
}
