/** Reads results/records: every benchmark's records, and the newest of each benchmark. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type BenchRecord, recordSchema } from './record-format.ts';

/** By name of their folder, in the order of the names. Folders without record.json hold other runs worth citing. */
export const readRecords = (folder: string): Map<string, BenchRecord> =>
  readEach(folder, 'record.json', 'a record', (text) => recordSchema.parse(JSON.parse(text)));

/** By benchmark. Of two with the same date, the one whose folder comes later in the alphabet counts. */
export function newestRecords(records: ReadonlyMap<string, BenchRecord>): Map<string, BenchRecord> {
  return newestBy(records.values(), ({ bench }) => bench);
}

/** Of each key the newest; of two with the same date the later. */
export function newestBy<Each extends { readonly date: string }>(
  records: Iterable<Each>,
  keyOf: (record: Each) => string,
): Map<string, Each> {
  const newest = new Map<string, Each>();
  for (const record of records) {
    const other = newest.get(keyOf(record));
    if (other === undefined || Date.parse(record.date) >= Date.parse(other.date))
      newest.set(keyOf(record), record);
  }
  return newest;
}

/** Of each folder that has the file, in the order of the names. @throws Error that names the record and what is wrong with it. */
export function readEach<Each>(
  folder: string,
  file: string,
  what: string,
  parse: (text: string) => Each,
): Map<string, Each> {
  const found = new Map<string, Each>();
  for (const name of readdirSync(folder).sort()) {
    const place = path.join(folder, name, file);
    if (!existsSync(place)) continue;
    try {
      found.set(name, parse(readFileSync(place, 'utf8')));
    } catch (cause) {
      throw new Error(`${name}/${file} is not ${what}: ${String(cause)}`, { cause });
    }
  }
  return found;
}
