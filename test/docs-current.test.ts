/** The documentation says what the schema says, its links resolve, and the README stays short. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { extractApi } from '../scripts/api/extract.ts';
import { apiPage } from '../scripts/api/page.ts';
import { docTables, withTable } from '../scripts/doc-tables.ts';

const root = new URL('../', import.meta.url);
const docs = readdirSync(new URL('docs/', root)).filter((file) => file.endsWith('.md'));
const textOf = (page: URL) => readFileSync(page, 'utf8');

for (const page of Object.keys(docTables))
  test(`the table of docs/${page} is that of the code`, () => {
    const document = textOf(new URL(`docs/${page}`, root));
    assert.equal(document, withTable(document, page), `docs/${page} is stale: npm run docs`);
  });

test('docs/api.md is that of the public types, and these name only public types', () => {
  const { declarations, problems } = extractApi(fileURLToPath(root));
  // Not `equal`: its message would repeat both pages.
  assert.ok(
    textOf(new URL('docs/api.md', root)) === apiPage(declarations),
    'docs/api.md is stale: npm run docs',
  );
  assert.deepEqual(problems, []);
  // A consumer has Node's types at most.
  assert.deepEqual(
    [...declarations.matchAll(/^import .* from '(?!node:)(.*)';$/gm)].map(([line]) => line),
    [],
  );
});

test('the page of the types has comments, overloads and lists; what it does not know is refused', () => {
  const page = apiPage(
    '/** Trains.\n * @throws UserError\n */\nexport declare function train(a: A): B;\n\n' +
      'export declare function train(a: A, b: B): B;\n\nexport declare interface A {\n    /** Why. */\n    b: 1;\n}\n\nexport { }\n',
  );
  assert.match(
    page,
    /### train\n\nTrains\.\n\n- \*throws\*: UserError\n\n```ts\nfunction train\(a: A\): B;\nfunction/,
  );
  assert.match(
    page,
    /## Types\n\n### A\n\n```ts\ninterface A \{\n {2}\/\*\* Why\. \*\/\n {2}b: 1;\n\}\n```\n$/,
  );
  assert.throws(() => apiPage('export declare let x: 1;\n'), /known kind.*let x/);
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
