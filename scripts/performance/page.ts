/** docs/PERFORMANCE.md and the README's headline figures, made from the newest records: same records, same text. */
import { markdownTable } from 'markdown-table';
import { type BarDefinition, bars, commandOf } from './bars.ts';
import { peersSection } from './peers/section.ts';
import { recipeTable } from './recipe-comments.ts';
import type { Bar, BenchRecord } from './record-format.ts';
import { barTable, explanations, limitOf, measuredOf, recordBody, verdictOf } from './record-markdown.ts';

const tracks: readonly { readonly track: Bar['track']; readonly title: string }[] = [
  { track: 'features', title: 'With features from the literature' },
  { track: 'pixels', title: 'Pixels only' },
  { track: 'both', title: 'Both tracks' },
];

type Records = ReadonlyMap<string, BenchRecord>;

/** In this order; records of other benchmarks follow by name. */
const benches = ['sprint', 'recipes', 'cold', 'engine', 'threads', 'tfjs', 'profile', 'peers'];

const notMeasured = (bench: string): string => `Not measured: \`${commandOf(bench)} --record\`.`;

/** The whole of docs/PERFORMANCE.md. */
export function performancePage(records: Records): string {
  const all = allBars(records);
  const why = explanations(all);
  const others = [...records.keys()].filter((bench) => !benches.includes(bench)).sort();
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

/** The README with its headline figures and the peers' race as they should be; parts without markers stay as they are. */
export function withHeadlines(readme: string, records: Records): string {
  const between = (text: string, name: string, part: string) => {
    const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
    const [from, to] = [text.indexOf(begin), text.indexOf(end)];
    if (from < 0 && to < 0) return text;
    if (from < 0 || to < from) throw new Error(`expected the markers ${begin} and ${end}, in this order`);
    return `${text.slice(0, from + begin.length)}\n\n${part}\n\n${text.slice(to)}`;
  };
  const peers = records.get('peers');
  const raced = peers === undefined ? notMeasured('peers') : peersSection(peers);
  return between(between(readme, 'performance', headlines(records)), 'peers', raced);
}

function headlines(records: Records): string {
  const names = new Set<string>(
    Object.entries<BarDefinition>(bars)
      .filter(([, { headline }]) => headline)
      .map(([id]) => id),
  );
  const shown = allBars(records).filter(({ id }) => names.has(id));
  const rows = tracks.flatMap(({ track, title }) =>
    shown
      .filter((bar) => bar.track === track)
      .map((bar) => [title.toLowerCase(), bar.text, limitOf(bar), measuredOf(bar), verdictOf(bar)]),
  );
  const table = markdownTable([['track', 'what', 'bar', 'median (min–max)', 'verdict'], ...rows], {
    align: ['l', 'l', 'r', 'r', 'l'],
    alignDelimiters: false,
  });
  const recipes = records.get('recipes');
  if (recipes === undefined) return table;
  const words =
    'Accuracy of the recipes on features in % (seeds at the target / seeds), every seed with other images; `npm run bench -- recipes`. ' +
    'Split: trained on 50,000, the last 10,000 of the training set held out; fifths: each fifth of it held out in turn; ' +
    'the others are test images, changed.';
  return `${table}\n\n${words}\n\n${recipeTable(recipes)}`;
}

/** Every bar of the list as it was recorded, or as not measured; then what only the records know. */
function allBars(records: Records): Bar[] {
  const recorded = new Map(
    [...records.values()].flatMap((record) => record.bars.map((bar) => [bar.id, bar])),
  );
  const listed = Object.entries<BarDefinition>(bars).map(
    ([id, { bench, track, text, unit, limit, direction }]): Bar =>
      recorded.get(id) ?? {
        ...{ id, track, text, unit, limit, direction },
        ...{ measured: null, met: null, command: commandOf(bench) },
      },
  );
  const extra = [...recorded.values()].filter(({ id }) => !Object.hasOwn(bars, id));
  return [...listed, ...extra.sort((a, b) => (a.id < b.id ? -1 : 1))];
}
