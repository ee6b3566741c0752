/** The table of configuration keys in docs/config.md, made from the schema so that it cannot go its own way. */
import { markdownTable } from 'markdown-table';
import { describeKeys } from '../dist/config/keys.js';

const [begin, end] = ['<!-- keys: begin (npm run docs) -->', '<!-- keys: end -->'];

/** The document with the table between its markers as it should be. */
export function withConfigTable(document: string): string {
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`expected the markers ${begin} and ${end}, in this order`);
  return `${document.slice(0, from + begin.length)}\n\n${table()}\n\n${document.slice(to)}`;
}

function table(): string {
  const rows = describeKeys().map((key) => [
    code(key.key) + (key.when === null ? '' : ` (${code(key.when)})`),
    code(JSON.stringify(key.default)),
    key.expected,
    key.description,
  ]);
  const cells = [['key', 'default', 'expected', 'what it is'], ...rows];
  return markdownTable(
    cells.map((row) => row.map((cell) => cell.replaceAll('|', '\\|'))),
    { alignDelimiters: false, padding: true },
  );
}

const code = (text: string) => `\`${text}\``;
