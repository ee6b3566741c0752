/** The house: each room of src/ imports only from rooms below it, no files import each other in a circle. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { importsOf, type Tree, violations } from './support/rooms.ts';

const source = new URL('../src/', import.meta.url);

/** Imports of types from a room above, each named in CONTRIBUTING.md; at most five. */
const allowed: readonly string[] = [];

function realTree(): Tree {
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' });
  const typescript = files.filter((file) => file.endsWith('.ts') && !file.startsWith('kernels/assembly'));
  return new Map(typescript.map((file) => [file, readFileSync(new URL(file, source), 'utf8')]));
}

test('src/: no import runs upwards, no circle by value', () => {
  assert.deepEqual(violations(realTree(), allowed), []);
  assert.ok(allowed.length <= 5);
  const contributing = readFileSync(new URL('../CONTRIBUTING.md', import.meta.url), 'utf8');
  for (const entry of allowed) assert.ok(contributing.includes(entry), entry);
});

test('the check sees the imports of the real tree', () => {
  const imports = importsOf(realTree());
  assert.ok(imports.length > 900, `${imports.length} imports`);
  assert.ok(imports.some(({ to, typeOnly }) => to === 'plan/plan.ts' && typeOnly));
  assert.ok(imports.some(({ from, to }) => from === 'commands/entry.ts' && to === 'commands/main.ts'));
});

test('src/coordinator leads runs and holds nothing else: at most 20 files', () => {
  assert.ok([...realTree().keys()].filter((file) => file.startsWith('coordinator/')).length <= 20);
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

test('a sound tree passes, an import in a comment is none, an allowed import must exist', () => {
  assert.deepEqual(violations(new Map(Object.entries(good))), []);
  const commented = "// import { r } from '../run/r.js';\n/* import '../run/r.js' */\n";
  assert.deepEqual(violations(new Map([...Object.entries(good), ['plan/p.ts', commented]])), []);
  assert.match(violations(new Map(Object.entries(good)), ['plan/p.ts → run/r.ts'])[0], /no such import/);
});
