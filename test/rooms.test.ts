/** The house: each room of src/ imports only from rooms below it, no files import each other in a circle. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { importsOf, mostLines, type Tree, tooLong, violations } from './support/rooms.ts';

const source = new URL('../src/', import.meta.url);

/** Imports of types from a room above, each named in CONTRIBUTING.md; at most five. */
const allowed: readonly string[] = [];

const allFiles: Tree = new Map(
  readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.c?ts$/.test(file))
    .map((file) => [file, readFileSync(new URL(file, source), 'utf8')]),
);

/** AssemblyScript is another language, whose imports are of its own folder. */
const realTree: Tree = new Map(
  [...allFiles].filter(([file]) => !/^kernels\/(directions\/)?assembly\//.test(file)),
);

test('src/: no import runs upwards or leaves it, no circle by value, no file is too long', () => {
  assert.deepEqual(violations(realTree, allowed), []);
  assert.deepEqual(tooLong(allFiles), []);
  assert.ok(allowed.length <= 5);
  const contributing = readFileSync(new URL('../CONTRIBUTING.md', import.meta.url), 'utf8');
  for (const entry of allowed) assert.ok(contributing.includes(entry), entry);
});

test('the check sees the imports of the real tree', () => {
  const imports = importsOf(realTree);
  assert.ok(imports.length > 900, `${imports.length} imports`);
  assert.ok(imports.some(({ to, kind }) => to === 'plan/plan.ts' && kind === 'type'));
  assert.ok(imports.some(({ from, to }) => from === 'commands/entry.ts' && to === 'commands/main.ts'));
  assert.ok(imports.some(({ to, kind }) => to === 'worker/entry.cts' && kind === 'reference'));
});

test('src/coordinator leads runs and holds nothing else: at most 20 files', () => {
  assert.ok([...realTree.keys()].filter((file) => file.startsWith('coordinator/')).length <= 20);
});

/** Packages cost each worker, and each program that uses the library, their loading, such as 25 ms for the schema's. */
for (const entry of ['worker/index.ts', 'inference/worker.ts', 'index.ts'])
  test(`${entry} loads no package, by all that it imports`, () => {
    const byValue = importsOf(realTree).filter(({ kind, isLazy }) => kind === 'value' && !isLazy);
    const loaded = new Set([entry]);
    for (const file of loaded)
      for (const { from, to } of byValue) if (from === file && to !== null) loaded.add(to);
    assert.ok(loaded.size > 30, `${loaded.size} files`);
    const packages = [...loaded].flatMap((file) =>
      [...(realTree.get(file) ?? '').matchAll(/^import (?!type\b)[^;]*?from '([^.'][^']*)'/gm)]
        .map(([, name]) => `${file}: ${name}`)
        .filter((found) => !found.includes(': node:')),
    );
    assert.deepEqual(packages, []);
  });

const good = {
  'numbers/a.ts': 'export const a = 1;\n',
  'plan/p.ts': "import { a } from '../numbers/a.js';\nexport type P = typeof a;\n",
  'run/r.ts': "import type { P } from '../plan/p.js';\nexport const r: P = 1;\n",
};
const seeded: readonly (readonly [string, string, string, RegExp])[] = [
  ['by value', 'plan/p.ts', "import { r } from '../run/r.js';\n", /^plan\/p\.ts:1: imports run\/r\.ts/],
  ['a type', 'plan/p.ts', "import type { R } from '../run/r.js';\n", /^plan\/p\.ts:1: type of run\/r\.ts/],
  ['several lines', 'plan/p.ts', "\nimport {\n  type R,\n  r,\n} from '../run/r.js';\n", /:5: imports run/],
  ['inline types', 'plan/p.ts', "import { type R, type S } from '../run/r.js';\n", /: type of run/],
  ['re-exported', 'plan/p.ts', "export * from '../run/r.js';\n", /:1: imports run\/r\.ts/],
  ['dynamic', 'plan/p.ts', "const load = () => import('../run/r.js');\n", /:1: imports run\/r\.ts/],
  ['dynamic, as a template', 'plan/p.ts', 'await import(`../run/r.js`);\n', /:1: imports run\/r\.ts/],
  ['a room in a template', 'plan/p.ts', `await import(\`../run/\${name}.js\`);\n`, /:1: imports run\/\*\.ts/],
  ['a room in a sum', 'plan/p.ts', "await import('../run/' + name);\n", /:1: imports run\//],
  ['with attributes', 'plan/p.ts', "await import('../run/r.js', { with: {} });\n", /:1: imports run\/r\.ts/],
  ['required', 'plan/p.ts', "const r = require('../run/r');\n", /:1: names run\/r/],
  [
    'by createRequire',
    'plan/p.ts',
    "const load = createRequire(import.meta.url);\nload('../run/r.js');\n",
    /^plan\/p\.ts:2: names run\/r\.ts/,
  ],
  ['by URL', 'plan/p.ts', "new URL('../run/r.js', import.meta.url);\n", /^plan\/p\.ts:1: names run\/r\.ts/],
  ['out of src', 'plan/p.ts', "import '../../scripts/x.ts';\n", /^plan\/p\.ts:1: \S*scripts\S* leaves src/],
  ['a path out of src', 'plan/p.ts', "url('../../bench/x.ts');\n", /^plan\/p\.ts:1: \S*bench\S* leaves src/],
  ['a long file', 'plan/p.ts', 'export {};\n'.repeat(mostLines + 1), /^plan\/p\.ts: 341 lines/],
  ['for its effects', 'plan/p.ts', "import '../run/r.js';\n", /:1: imports run\/r\.ts/],
  ['unknown room', 'attic/x.ts', 'export {};\n', /^attic\/x\.ts: the room is not in/],
  ['a circle', 'plan/q.ts', "import './p2.js';\n", /^circle by value: plan\/(q|p2)\.ts → plan\/(q|p2)\.ts/],
];
for (const [name, file, text, expected] of seeded) {
  test(`a seeded violation is found: ${name}`, () => {
    const extra: [string, string][] =
      name === 'a circle' ? [['plan/p2.ts', "import { q } from './q.js';\n"]] : [];
    const found = violations(new Map([...Object.entries(good), [file, text], ...extra]));
    assert.equal(found.length, 1, found.join('\n'));
    assert.match(found[0], expected);
  });
}

test('what is no module may be named, and a file may have as many lines as are allowed', () => {
  const text = `new URL('../../data/', import.meta.url);\nnew Worker(new URL('./p.js', import.meta.url));\n`;
  const long = text + '\n'.repeat(mostLines - 2);
  assert.deepEqual(violations(new Map([...Object.entries(good), ['plan/p.ts', long]])), []);
});

test('a sound tree passes, an import in a comment is none, an allowed import must exist', () => {
  assert.deepEqual(violations(new Map(Object.entries(good))), []);
  const commented = "// import { r } from '../run/r.js';\n/* import '../run/r.js' */\n";
  assert.deepEqual(violations(new Map([...Object.entries(good), ['plan/p.ts', commented]])), []);
  assert.match(violations(new Map(Object.entries(good)), ['plan/p.ts → run/r.ts'])[0], /no such import/);
});
