/** The commands and settings that the documentation shows, as text: fenced sh blocks, and code spans that begin like one. */
import { readdirSync, readFileSync } from 'node:fs';

export interface Documented {
  /** As a shell reads it, without comment. */
  readonly text: string;
  /** The pages that show it. */
  readonly pages: readonly string[];
}

const root = new URL('../../', import.meta.url);
export const pages = ['README.md', ...markdownIn('docs')];

function markdownIn(folder: string): string[] {
  const files = readdirSync(new URL(`${folder}/`, root)).filter((file) => file.endsWith('.md'));
  return files.sort().map((file) => `${folder}/${file}`);
}

/** `… train` in a table stands for the words above it. */
const startsLikeOne = /^(npm|npx|node|…) \S/;
const setting = '[a-z][\\w.]*=[^\\s=…]+';
const isSettings = new RegExp(`^${setting}( ${setting})*$`);

const spansOf = (text: string) => [...text.matchAll(/`([^`\n]+)`/g)].map(([, span]) => span.trim());

/** Lines of sh blocks, joined at `\` and split at `&&`. */
function linesOf(text: string): string[] {
  return [...text.matchAll(/^```sh\n(.*?)^```/gms)].flatMap(([, block]) =>
    block
      .replaceAll('\\\n', ' ')
      .split(/\n|&&/)
      .map((line) =>
        line
          .replace(/\s#.*$/, '')
          .trim()
          .replace(/\s+/g, ' '),
      )
      .filter((line) => line !== '' && !line.startsWith('#')),
  );
}

function collect(find: (text: string) => readonly string[]): Documented[] {
  const found = new Map<string, string[]>();
  for (const page of pages)
    for (const text of find(readFileSync(new URL(page, root), 'utf8')))
      found.set(text, [...new Set([...(found.get(text) ?? []), page])]);
  return [...found].map(([text, shown]) => ({ text, pages: shown }));
}

export const documentedCommands = () =>
  collect((text) => [
    ...linesOf(text),
    ...spansOf(text.replace(/^```.*?^```/gms, '')).filter((span) => startsLikeOne.test(span)),
  ]);

/** Such as `train.batch=256 model.hidden=[128]`: words that a command is given. */
export const documentedSettings = () =>
  collect((text) => spansOf(text.replace(/^```.*?^```/gms, '')).filter((span) => isSettings.test(span)));
