/** Reads results/records: every benchmark's records, and the newest of each benchmark. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type BenchRecord, recordSchema } from './record-format.ts';

/** By name of their folder, in the order of the names. Folders without record.json hold other runs worth citing. */
export function readRecords(folder: string): Map<string, BenchRecord> {
  const records = new Map<string, BenchRecord>();
  for (const name of readdirSync(folder).sort()) {
    const file = path.join(folder, name, 'record.json');
    if (existsSync(file)) records.set(name, readRecord(file, name));
  }
  return records;
}

/** By benchmark. Of two with the same date, the one whose folder comes later in the alphabet counts. */
export function newestRecords(records: ReadonlyMap<string, BenchRecord>): Map<string, BenchRecord> {
  const newest = new Map<string, BenchRecord>();
  for (const record of records.values()) {
    const other = newest.get(record.bench);
    if (other === undefined || Date.parse(record.date) >= Date.parse(other.date))
      newest.set(record.bench, record);
  }
  return newest;
}

/** @throws Error that names the record and its problem. */
function readRecord(file: string, name: string): BenchRecord {
  const text = readFileSync(file, 'utf8');
  try {
    return recordSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new Error(`${name}/record.json is not a record: ${String(cause)}`, { cause });
  }
}
