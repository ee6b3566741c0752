/** Reads the study records under results/records: the newest of each study file. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseStudyRecord, type StudyRecord } from '../../dist/study/study-record.js';

/** By the study file's name. @throws Error that names the record and its problem. */
export function newestStudies(folder: string): Map<string, StudyRecord> {
  const newest = new Map<string, StudyRecord>();
  for (const name of readdirSync(folder).sort()) {
    const file = path.join(folder, name, 'study.json');
    if (!existsSync(file)) continue;
    const record = read(file, name);
    const other = newest.get(record.name);
    if (other === undefined || Date.parse(record.date) >= Date.parse(other.date))
      newest.set(record.name, record);
  }
  return newest;
}

function read(file: string, name: string): StudyRecord {
  try {
    return parseStudyRecord(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new Error(`${name}/study.json is not a study record: ${String(cause)}`, { cause });
  }
}
