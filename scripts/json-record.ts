/** The JSON file of a run of chaos or fuzz, with what is needed to repeat it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { commit } from '../bench/record.ts';

export function writeJsonRecord(file: string, kind: 'chaos' | 'fuzz', seed: number, results: object): void {
  const origin = { date: new Date().toISOString(), commit: commit(), node: process.version, seed };
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify({ schema: 1, kind, ...origin, ...results }, null, 2)}\n`);
  console.log(`record: ${file}`);
}
