/** The documentation says what the schema says, its links resolve, and the README stays short. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { docTables, withTable } from '../scripts/doc-tables.ts';

const root = new URL('../', import.meta.url);
const docs = readdirSync(new URL('docs/', root)).filter((file) => file.endsWith('.md'));
const textOf = (page: URL) => readFileSync(page, 'utf8');

for (const page of Object.keys(docTables))
  test(`the table of docs/${page} is that of the code`, () => {
    const document = textOf(new URL(`docs/${page}`, root));
    assert.equal(document, withTable(document, page), `docs/${page} is stale: npm run docs`);
  });

test('a document without markers is refused', () => {
  assert.throws(() => withTable('# Configuration\n', 'config.md'), /markers/);
});

test('the README has at most 10 KiB', () => {
  assert.ok(Buffer.byteLength(textOf(new URL('README.md', root))) <= 10_240);
});

test('every page of docs/ is in its index', () => {
  const index = textOf(new URL('docs/README.md', root));
  for (const file of docs.filter((each) => each !== 'README.md'))
    assert.ok(index.includes(`](${file})`), file);
});

for (const file of ['README.md', ...docs.map((each) => `docs/${each}`)])
  test(`the links of ${file} resolve`, () => {
    const page = new URL(file, root);
    for (const [, link] of textOf(page).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(link)) continue;
      const target = new URL(link, page);
      const { hash } = target;
      target.hash = '';
      assert.ok(existsSync(target), `${file}: ${link}: expected a file`);
      if (hash !== '')
        assert.ok(anchorsOf(textOf(target)).includes(hash), `${file}: ${link}: expected a heading`);
    }
  });

/** As GitHub makes them. */
function anchorsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => {
    const words = heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '');
    return `#${words.replaceAll(' ', '-')}`;
  });
}
