/**
 * Lines of code of a user: neither blank nor comment. Docstrings are comments, and so is a `# …`, `// …` or block
 * comment.
 */
import { readFileSync } from 'node:fs';
import { extname } from 'node:path';

/** Whether a line within a multi-line comment ends it, and how such a comment begins. */
interface Syntax {
  readonly line: string;
  readonly blocks: readonly (readonly [begin: string, end: string])[];
}

const hashes: Syntax = { line: '#', blocks: [] };
const python: Syntax = {
  line: '#',
  blocks: [
    ['"""', '"""'],
    ["'''", "'''"],
  ],
};
const javascript: Syntax = { line: '//', blocks: [['/*', '*/']] };

const syntaxes: Readonly<Record<string, Syntax>> = {
  '.py': python,
  '.js': javascript,
  '.cjs': javascript,
  '.mjs': javascript,
  '.ts': javascript,
  '.yaml': hashes,
};

/** @throws Error for a file whose comment syntax is not known. */
export function countFileLines(file: string): number {
  return countLines(readFileSync(file, 'utf8'), extname(file));
}

/** `extension` with its dot. */
export function countLines(text: string, extension: string): number {
  const syntax = syntaxes[extension];
  if (syntax === undefined) {
    const known = Object.keys(syntaxes).join(', ');
    throw new Error(`lines of code: expected one of ${known}, got "${extension}"`);
  }
  let count = 0;
  let until: string | null = null;
  for (const line of text.split('\n').map((each) => each.trim())) {
    if (until !== null) {
      if (line.endsWith(until)) until = null;
      continue;
    }
    if (line === '' || line.startsWith(syntax.line)) continue;
    const block = syntax.blocks.find(([begin]) => line.startsWith(begin));
    if (block === undefined) count++;
    else if (!line.endsWith(block[1]) || line.length < block[0].length + block[1].length) until = block[1];
  }
  return count;
}
