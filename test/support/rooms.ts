/** The order of the rooms of src/, and what in a tree of files breaks it. Reads import lines as text. */

/** From the bottom up: a room imports only from those before it. */
export const rooms = [
  ...[
    'user-error',
    'warnings',
    'memory',
    'numbers',
    'config',
    'kernels',
    'machine',
    'model',
    'data',
    'optim',
    'loss',
    'metrics',
  ],
  ...['plan', 'backend', 'sync', 'worker', 'inference', 'fast-start', 'coordinator', 'run'],
  ...['report', 'profile', 'study', 'commands'],
];

export interface Import {
  readonly from: string;
  readonly line: number;
  /** Path within src. */
  readonly to: string;
  readonly typeOnly: boolean;
}

/** Paths within src, such as `plan/plan.ts`, to texts. */
export type Tree = ReadonlyMap<string, string>;

const roomOf = (file: string) => file.split('/')[0].replace(/\.ts$/, '');

/** Every relative import of the tree: static, type-only, re-exports, for effects, dynamic. */
export function importsOf(tree: Tree): Import[] {
  return [...tree].flatMap(([from, raw]) => {
    const text = withoutComments(raw);
    const lineAt = (index: number) => text.slice(0, index).split('\n').length;
    const target = (specifier: string) =>
      new URL(specifier, `file:///${from}`).pathname.slice(1).replace(/\.js$/, '.ts');
    const found: Import[] = [];
    const statement = /(?:^|\n)\s*(?:import|export)\s+([^;'"`]*?)from\s*['"](\.[^'"]*)['"]/g;
    for (const match of text.matchAll(statement))
      found.push({
        from,
        line: lineAt(match.index + match[0].length),
        to: target(match[2]),
        typeOnly: isTypeOnly(match[1].trim()),
      });
    for (const match of text.matchAll(/(?:^|\n)\s*import\s*['"](\.[^'"]*)['"]/g))
      found.push({ from, line: lineAt(match.index + 1), to: target(match[1]), typeOnly: false });
    for (const match of text.matchAll(/\bimport\s*\(\s*['"](\.[^'"]*)['"]\s*\)/g))
      found.push({ from, line: lineAt(match.index), to: target(match[1]), typeOnly: false });
    return found;
  });
}

/** `type { A }`, or braces in which every name is a type. */
function isTypeOnly(clause: string): boolean {
  if (/^type\b/.test(clause)) return true;
  const names = /^\{([^}]*)\}$/.exec(clause)?.[1].split(',') ?? [''];
  const given = names.map((name) => name.trim()).filter((name) => name !== '');
  return given.length > 0 && given.every((name) => name.startsWith('type '));
}

/** Comments become blanks, so that lines stay; `//` within a string such as a URL does not begin one. */
function withoutComments(text: string): string {
  return text.replace(
    /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g,
    (all, quoted) => (quoted === undefined ? all.replace(/[^\n]/g, ' ') : all),
  );
}

/** One line for each import that runs upwards, each unknown room and each circle by value. */
export function violations(tree: Tree, allowed: readonly string[] = []): string[] {
  const imports = importsOf(tree);
  const known = (file: string) => rooms.includes(roomOf(file));
  const strangers = [...tree.keys()].filter((file) => !known(file));
  const upward = imports.filter(
    ({ from, to }) => known(from) && known(to) && rooms.indexOf(roomOf(to)) > rooms.indexOf(roomOf(from)),
  );
  const refused = upward.filter(
    ({ from, to, typeOnly }) => !typeOnly || !allowed.includes(`${from} → ${to}`),
  );
  const stale = allowed.filter((entry) => !upward.some(({ from, to }) => entry === `${from} → ${to}`));
  return [
    ...strangers.map((file) => `${file}: the room is not in test/support/rooms.ts`),
    ...refused.map(
      ({ from, line, to, typeOnly }) =>
        `${from}:${line}: ${typeOnly ? 'type of' : 'imports'} ${to}, a room above`,
    ),
    ...stale.map((entry) => `${entry}: allowed, but there is no such import`),
    ...circles(imports).map((files) => `circle by value: ${files.join(' → ')}`),
  ];
}

/** Strongly connected files by value imports (Tarjan 1972). */
function circles(imports: readonly Import[]): string[][] {
  const targets = new Map<string, string[]>();
  for (const { from, to, typeOnly } of imports)
    if (!typeOnly) targets.set(from, [...(targets.get(from) ?? []), to]);
  const [index, low] = [new Map<string, number>(), new Map<string, number>()];
  const stack: string[] = [];
  const found: string[][] = [];
  const visit = (file: string) => {
    index.set(file, index.size);
    low.set(file, index.size - 1);
    stack.push(file);
    for (const to of targets.get(file) ?? []) {
      if (!index.has(to)) visit(to);
      if (stack.includes(to)) low.set(file, Math.min(low.get(file) ?? 0, low.get(to) ?? 0));
    }
    if (low.get(file) !== index.get(file)) return;
    const circle = stack.splice(stack.indexOf(file));
    if (circle.length > 1 || targets.get(file)?.includes(file)) found.push(circle);
  };
  for (const file of targets.keys()) if (!index.has(file)) visit(file);
  return found;
}
