/** The packages of which the published program contains parts, with their licences: lib/THIRD-PARTY.txt. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const line = '-'.repeat(80);

/**
 * `inputs`: the paths, below `root`, of all files of which there are parts. @throws if a package has no licence text to
 * publish.
 */
export function notices(root: string, inputs: readonly string[]): string {
  const folders = inputs.map((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? '');
  const texts = [...new Set(folders)]
    .filter((folder) => folder !== '')
    .map((folder) => notice(join(root, folder)));
  return `shardstep contains parts of these packages.\n\n${texts.sort().join('\n\n')}\n`;
}

/** The packages in the text of `notices`, each as `name@version`. */
export const noticed = (text: string): string[] =>
  [...text.matchAll(new RegExp(`^${line}\n(\\S+) (\\S+) \\(.*\\)\n${line}$`, 'gm'))].map(
    ([, name, version]) => `${name}@${version}`,
  );

function notice(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const files = readdirSync(folder);
  const file = files.find((each) => /^licen[cs]e/i.test(each));
  if (file === undefined)
    throw new Error(`${name} has no file of its licence: no part of it can be published`);
  // The licence of Apache asks for the notice too.
  const texts = [file, ...files.filter((each) => /^notice/i.test(each))].map((each) =>
    readFileSync(join(folder, each), 'utf8').trim(),
  );
  return `${line}\n${name} ${version} (${license})\n${line}\n${texts.join('\n\n')}`;
}
