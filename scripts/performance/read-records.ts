/** Reads results/records: the newest record of each benchmark. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type BenchRecord, recordSchema } from './record-format.ts';

/** By benchmark. Of two with the same date the folder that comes later in the alphabet counts. */
export function newestRecords(folder: string): Map<string, BenchRecord> {
  const newest = new Map<string, BenchRecord>();
  for (const name of readdirSync(folder).sort()) {
    const file = path.join(folder, name, 'record.json');
    // Other runs worth citing lie beside the benchmarks' records.
    if (!existsSync(file)) continue;
    const record = readRecord(file, name);
    const other = newest.get(record.bench);
    if (other === undefined || Date.parse(record.date) >= Date.parse(other.date))
      newest.set(record.bench, record);
  }
  return newest;
}

/** @throws Error that names the record and what is wrong with it. */
function readRecord(file: string, name: string): BenchRecord {
  const text = readFileSync(file, 'utf8');
  try {
    return recordSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new Error(`${name}/record.json is not a record: ${String(cause)}`, { cause });
  }
}
