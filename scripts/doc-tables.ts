/** Tables of the documentation that are generated from the code, so that documentation and code agree. */
import { markdownTable } from 'markdown-table';
import { describeKeys } from '../dist/config/keys.js';
import { warningCodes } from '../dist/warnings.js';

/** The table of each page, between its markers. */
export const docTables: Readonly<Record<string, () => string[][]>> = {
  'config.md': () => [
    ['key', 'default', 'expected', 'what it is'],
    ...describeKeys().map((key) => [
      code(key.key) + (key.when === null ? '' : ` (${code(key.when)})`),
      code(JSON.stringify(key.default)),
      key.expected,
      key.description,
    ]),
  ],
  'warnings.md': () => [
    ['code', 'when it is given'],
    ...Object.entries(warningCodes).map(([name, when]) => [code(name), when]),
  ],
};

const [begin, end] = ['<!-- table: begin (npm run docs) -->', '<!-- table: end -->'];

/** The page with the current table between its markers. */
export function withTable(document: string, page: string): string {
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`expected the markers ${begin} and ${end}, in this order`);
  const table = markdownTable(
    docTables[page]().map((row) => row.map((cell) => cell.replaceAll('|', '\\|'))),
    { alignDelimiters: false, padding: true },
  );
  return `${document.slice(0, from + begin.length)}\n\n${table}\n\n${document.slice(to)}`;
}

const code = (text: string) => `\`${text}\``;
