/**
 * Our own modules in a bundle: a module's address is where it would be if it were not bundled, and exported classes keep
 * their names, which printed errors and objects show.
 */
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { Plugin } from 'esbuild-wasm';

export interface Bundled {
  /** The folder with the compiled modules. */
  readonly dist: string;
  /** How the code of the bundle writes the address of its own file: an expression. */
  readonly address: string;
  /** How it loads `fileURLToPath` under the name `pathOf`: a statement. */
  readonly loadPathOf: string;
  /** What else becomes of a module's text; its path is below `dist`. */
  readonly edit?: (text: string, module: string) => string;
}

export const ownModules = ({ dist, address, loadPathOf, edit = (text) => text }: Bundled): Plugin => ({
  name: 'own-modules',
  setup(bundler) {
    bundler.onLoad({ filter: /\.js$/ }, ({ path }) => {
      if (path.includes('node_modules')) return undefined;
      const module = relative(dist, path).replaceAll('\\', '/');
      const text = edit(readFileSync(path, 'utf8'), module);
      const place = `new URL(${JSON.stringify(`../${module}`)}, ${address})`;
      const classes = [...text.matchAll(/^export class (\w+)/gm)];
      const contents = [
        text.includes('import.meta.dirname') ? loadPathOf : '',
        text
          .replaceAll('import.meta.url', `${place}.href`)
          .replaceAll('import.meta.dirname', `pathOf(new URL('.', ${place}))`),
        ...classes.map(([, name]) => `Object.defineProperty(${name}, 'name', { value: '${name}' });`),
      ];
      return { contents: contents.join('\n') };
    });
  },
});
