/** Reads the study records under results/records: the newest of each study file. */
import { parseStudyRecord, type StudyRecord } from '../../dist/study/study-record.js';
import { newestBy, readEach } from '../performance/read-records.ts';

/** By the study file's name. @throws Error that names the record and its problem. */
export const newestStudies = (folder: string): Map<string, StudyRecord> =>
  newestBy(readEach(folder, 'study.json', 'a study record', parseStudyRecord).values(), ({ name }) => name);
