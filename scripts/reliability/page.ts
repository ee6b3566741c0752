/** docs/RELIABILITY.md: each promise, the tests that show it, and the newest records of the proofs. */
import { table } from '../../dist/numbers/columns.js';
import { commandOf } from '../performance/bars.ts';
import type { BenchRecord } from '../performance/record-format.ts';
import { barTable, recordBody } from '../performance/record-markdown.ts';
import { type Promised, type Proof, promises, proofs } from './promises.ts';

export function reliabilityPage(records: ReadonlyMap<string, BenchRecord>): string {
  const names = Object.keys(proofs) as Proof[];
  return `${[
    '# Reliability',
    'Written by `npm run docs`: what is promised, the tests that show it, and the newest records of the longer ' +
      'proofs. Each proof has its command; a part of it runs in CI.',
    ...Object.entries(promises).flatMap(([group, rows]) => [
      `## ${group}`,
      table([['promise', 'tests', 'record'], ...rows.map(row)], 'lll'),
    ]),
    '## Records of the proofs',
    ...names.flatMap((name) => [`### ${name}`, proofText(name, records.get(name))]),
  ].join('\n\n')}\n`;
}

const row = ({ text, tests, proofs: recorded = [] }: Promised): string[] => [
  text,
  [...new Set(tests.map(([file]) => `[${file}](../test/${file}.test.ts)`))].join(', '),
  recorded.map((name) => `[${name}](#${name})`).join(', '),
];

function proofText(name: Proof, record: BenchRecord | undefined): string {
  if (record === undefined) return `Not recorded: \`${commandOf(name)} ${proofs[name]}\`.`;
  const bars = record.bars.length === 0 ? [] : [barTable(record.bars)];
  return [...bars, recordBody(record, 4)].join('\n\n');
}
