/**
 * The section on the peers' race, from its newest record: the table, the charts, and where a peer is better and why.
 */
import { table } from '../../../dist/numbers/columns.js';
import { type BenchRecord, folderName } from '../record-format.ts';
import { figure } from '../record-markdown.ts';
import { absences, loadSentence, loadWinSentence, raceNote, raceRows, winSentences } from './tables.ts';

/**
 * `root`: the relative path from the page to the repository.
 * @throws Error if the record is not one of the peers' race.
 */
export function peersSection(record: BenchRecord, root: string): string {
  const { peers } = record;
  if (peers === undefined) throw new Error(`record ${folderName(record)}: expected peers, got none`);
  const folder = `results/records/${folderName(record)}`;
  const { processor, cores } = record.machine;
  const when = `Measured on ${record.date.slice(0, 10)}, ${processor}, ${cores} core${cores === 1 ? '' : 's'}, by \`${record.command}\`.`;
  return [
    `${raceNote(peers)} ${when}`,
    table(raceRows(peers)),
    list('Where a peer is better (bold above):', [...winSentences(peers), ...loadWinSentence(peers)]),
    loadSentence(peers),
    list('Absent or failed:', absences(peers)),
    `![time to ${figure(100 * peers.target)} %, resident and cold](${root}${folder}/bars.svg)`,
    `![accuracy against time](${root}${folder}/race.svg)`,
    `Every thread count, the settings of each peer and the race under load: [${folder}](${root}${folder}/record.md).`,
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

const list = (title: string, items: readonly string[]): string =>
  items.length === 0 ? '' : [title, items.map((item) => `- ${item}`).join('\n')].join('\n\n');
