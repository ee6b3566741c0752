/** The licences of the packages that are bundled into the published program. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** `inputs`: the paths, below `root`, of all bundled files. @throws if a package has no licence text to publish. */
export function notices(root: string, inputs: readonly string[]): string {
  const folders = inputs.map((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? '');
  const texts = [...new Set(folders)]
    .filter((folder) => folder !== '')
    .map((folder) => notice(join(root, folder)));
  return `shardstep contains parts of these packages.\n\n${texts.sort().join('\n\n')}\n`;
}

function notice(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
  if (file === undefined) throw new Error(`${name} has no file of its licence: it cannot be bundled`);
  const text = readFileSync(join(folder, file), 'utf8').trim();
  return `${'-'.repeat(80)}\n${name} ${version} (${license})\n${'-'.repeat(80)}\n${text}`;
}
