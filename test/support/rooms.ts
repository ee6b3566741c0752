/** The order of the rooms of src/, and what in a tree of files breaks it. Reads import lines as text. */

/** From the bottom up: a room imports only from those before it. */
export const rooms = [
  ...[
    'user-error',
    'file-failure',
    'version',
    'warnings',
    'memory',
    'numbers',
    'config',
    'kernels',
    'machine',
    'model',
    'data',
    'tables',
    'optim',
    'loss',
    'metrics',
    'formats',
    'brain',
  ],
  ...['plan', 'backend', 'sync', 'worker', 'inference', 'fast-start', 'coordinator', 'run', 'library'],
  ...['report', 'profile', 'study', 'search', 'explain', 'commands', 'index'],
];

/** A file may not be longer; most are to be below 300 lines. */
export const mostLines = 340;

export interface Import {
  readonly from: string;
  readonly line: number;
  /** Path within src, `*` for what is known at run time only; null: it leaves src. */
  readonly to: string | null;
  readonly specifier: string;
  /** reference: a module named by its path, such as a worker's URL or what a `require` gets. */
  readonly kind: 'type' | 'value' | 'reference';
  /** Loaded when the code gets there. */
  readonly isLazy: boolean;
}

/** Paths within src, such as `plan/plan.ts`, to texts. */
export type Tree = ReadonlyMap<string, string>;

const roomOf = (file: string) => file.split('/')[0].replace(/\.c?ts$/, '');

/** Every relative import of the tree: static, type-only, re-exports, for effects, dynamic; and modules named by a path. */
export function importsOf(tree: Tree): Import[] {
  return [...tree].flatMap(([from, raw]) => {
    const text = withoutComments(raw);
    const found: Import[] = [];
    for (const match of text.matchAll(/(['"`])(\.\.?\/[^'"`\n]*)\1/g)) {
      const specifier = match[2].replace(/\$\{[^}]*\}/g, '*');
      const kind = kindOf(text.slice(0, match.index), specifier);
      const line = text.slice(0, match.index + match[0].length).split('\n').length;
      const isLazy = /\bimport\s*\(\s*$/.test(text.slice(0, match.index));
      if (kind !== null) found.push({ from, line, to: target(from, specifier), specifier, kind, isLazy });
    }
    return found;
  });
}

/** What a path is to the code before it; null: no module. */
function kindOf(before: string, specifier: string): Import['kind'] | null {
  const statement = /(?:^|\n)\s*(?:import|export)\s+([^;'"`]*?)from\s*$/.exec(before);
  if (statement !== null) return isTypeOnly(statement[1].trim()) ? 'type' : 'value';
  if (/(?:^|\n)\s*import\s*$/.test(before) || /\bimport\s*\(\s*$/.test(before)) return 'value';
  const required = /\brequire(?:\.resolve)?\s*\(\s*$/.test(before);
  return required || /\.[cm]?[jt]s$/.test(specifier) ? 'reference' : null;
}

function target(from: string, specifier: string): string | null {
  const { pathname } = new URL(specifier, `file:///src/${from}`);
  return pathname.startsWith('/src/') ? pathname.slice('/src/'.length).replace(/\.(c?)js$/, '.$1ts') : null;
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
    /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g,
    (all, quoted) => (quoted === undefined ? all.replace(/[^\n]/g, ' ') : all),
  );
}

/** One line for each import that runs upwards or leaves src, each unknown room, each file too long, each circle by value. */
export function violations(tree: Tree, allowed: readonly string[] = []): string[] {
  const imports = importsOf(tree);
  const known = (file: string) => rooms.includes(roomOf(file));
  const strangers = [...tree.keys()].filter((file) => !known(file));
  const upward = imports.filter(
    ({ from, to }) =>
      to !== null && known(from) && known(to) && rooms.indexOf(roomOf(to)) > rooms.indexOf(roomOf(from)),
  );
  const refused = upward.filter(
    ({ from, to, kind }) => kind !== 'type' || !allowed.includes(`${from} → ${to}`),
  );
  const stale = allowed.filter((entry) => !upward.some(({ from, to }) => entry === `${from} → ${to}`));
  const words = { type: 'type of', value: 'imports', reference: 'names' };
  return [
    ...strangers.map((file) => `${file}: the room is not in test/support/rooms.ts`),
    ...refused.map(({ from, line, to, kind }) => `${from}:${line}: ${words[kind]} ${to}, a room above`),
    ...imports
      .filter(({ to }) => to === null)
      .map(({ from, line, specifier }) => `${from}:${line}: ${specifier} leaves src`),
    ...stale.map((entry) => `${entry}: allowed, but there is no such import`),
    ...tooLong(tree),
    ...circles(imports).map((files) => `circle by value: ${files.join(' → ')}`),
  ];
}

export function tooLong(tree: Tree): string[] {
  return [...tree].flatMap(([file, text]) => {
    const lines = text.replace(/\n$/, '').split('\n').length;
    return lines > mostLines ? [`${file}: ${lines} lines, at most ${mostLines}`] : [];
  });
}

/** Strongly connected files by value imports (Tarjan 1972); a path is no import that is run with its file. */
function circles(imports: readonly Import[]): string[][] {
  const targets = new Map<string, string[]>();
  for (const { from, to, kind } of imports)
    if (kind === 'value' && to !== null) targets.set(from, [...(targets.get(from) ?? []), to]);
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
