/** The versions of Node.js that tests run programs with. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Programs: the Node of the tests, the system's, and those that `SHARDSTEP_NODES` names. */
export function nodes(): string[] {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((each) => !each.includes('node_modules'));
  const system = folders.map((folder) => join(folder, 'node')).find((file) => existsSync(file));
  const named = (process.env.SHARDSTEP_NODES ?? '').split(delimiter).filter((each) => each !== '');
  return [process.execPath, ...(system === undefined ? [] : [system]), ...named];
}
