/**
 * Few files for what modules load with `import()` and for what many of them share. The bundler alone makes a file of each
 * set of programs that share modules: 160 for the command line, half of them below 1 KB. Each file takes half a millisecond
 * to load, as much as 15 KB of program that is read but not run, and at least 4 KiB on disk.
 */
import { readFileSync } from 'node:fs';
import { join, posix, relative } from 'node:path';
import type { Metafile, Plugin } from 'esbuild-wasm';

export interface Arrangement {
  /** The folder with the compiled modules; modules are named by their paths below it. */
  readonly dist: string;
  /** The modules that are loaded first. */
  readonly entries: readonly string[];
  /** Modules that are loaded with `import()` and have one group become one file. */
  readonly groupOf: (module: string) => string;
  /** Modules that each entry and each group loads: one file. */
  readonly everywhere: readonly string[];
}

/** `edit`: to be applied to the text of each module of `dist`. */
export function arrange({ dist, entries, groupOf, everywhere }: Arrangement) {
  const later = loadedLater(dist, entries);
  const first = everywhere.length === 0 ? '' : "import 'everywhere';\n";
  const membersOf = (group: string) => later.filter((module) => groupOf(module) === group);
  const spaceOf = (module: string) => `export * as ${wordOf(module)} from './${module}';`;
  const plugin: Plugin = {
    name: 'arrange',
    setup(bundler) {
      bundler.onResolve({ filter: /^(group:|everywhere$)/ }, ({ path }) => ({
        ...{ path: path.replace('group:', ''), namespace: 'arranged', sideEffects: true },
      }));
      bundler.onLoad({ filter: /^everywhere$/, namespace: 'arranged' }, () => ({
        ...{ contents: everywhere.map((module) => `import './${module}';`).join('\n'), resolveDir: dist },
      }));
      bundler.onLoad({ filter: /.*/, namespace: 'arranged' }, ({ path: group }) => ({
        ...{ contents: first + membersOf(group).map(spaceOf).join('\n'), resolveDir: dist },
      }));
      // Otherwise a program would not load those of which it uses nothing.
      bundler.onResolve({ filter: /^\./ }, ({ path, resolveDir }) => {
        const file = join(resolveDir, path);
        return everywhere.includes(moduleOf(dist, file)) ? { path: file, sideEffects: true } : undefined;
      });
    },
  };
  const edit = (text: string, module: string) => {
    const grouped = text.replace(/\bimport\('(\.[^']+)'\)/g, (_, name: string) => {
      const loaded = posix.join(posix.dirname(module), name);
      return `import('group:${groupOf(loaded)}').then((all) => all.${wordOf(loaded)})`;
    });
    return entries.includes(module) ? first + grouped : grouped;
  };
  return { plugin, edit };
}

/**
 * Our modules in files below `limit` bytes that several programs share, if all that they import are among them: what they
 * import is loaded with them.
 */
export function smallShared({ inputs, outputs }: Metafile, limit: number): string[] {
  const shared = Object.values(outputs).filter(
    ({ bytes, entryPoint }) => bytes < limit && entryPoint === undefined,
  );
  const paths = shared.flatMap((file) => Object.keys(file.inputs));
  const small = new Set(paths.filter((path) => path.startsWith('dist/')));
  const hasOthers = (path: string) =>
    inputs[path].imports.some((each) => !each.external && !small.has(each.path));
  for (let others = [...small]; others.length > 0; ) {
    others = [...small].filter(hasOthers);
    for (const path of others) small.delete(path);
  }
  return [...small].map((path) => path.slice('dist/'.length)).sort();
}

const moduleOf = (dist: string, file: string) => relative(dist, file).replaceAll('\\', '/');

/** What the namespace of a module is called. */
const wordOf = (module: string) => module.replace(/\.js$/, '').replaceAll(/\W/g, '_');

/** The modules that the entries, and what they load, load with `import()`. */
function loadedLater(dist: string, entries: readonly string[]): string[] {
  const seen = new Set(entries);
  const later = new Set<string>();
  for (const module of seen) {
    const text = readFileSync(join(dist, module), 'utf8');
    for (const [, dynamic, name] of text.matchAll(/(?:\bfrom |^import |(\bimport\())'(\.[^']+)'/gm)) {
      const loaded = posix.join(posix.dirname(module), name);
      if (dynamic !== undefined) later.add(loaded);
      seen.add(loaded);
    }
  }
  return [...later].sort();
}
