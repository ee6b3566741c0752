/** The facts in the files beside a log. A file that is missing adds nothing: the log is the record. */
import path from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod';
import { errorCode } from '../file-failure.js';
import { readWholeFile } from '../memory/whole-file.js';
import { hardwarePayload, type LogEvents } from '../run/log-schema.js';
import { expectedGot, shortened } from '../user-error.js';
import type { Damage } from './read-log.js';

export interface Sidecars {
  readonly config: unknown;
  readonly hardware: LogEvents['hardware'] | null;
  readonly phases: Readonly<Record<string, number>> | null;
  /** The strategy, whatever the configuration leaves open; null if unknown. */
  readonly sync: string | null;
  readonly dataSha256: Readonly<Record<string, string>> | null;
  /** Of files that are there and cannot be read. */
  readonly problems: readonly Damage[];
}

const meta = z.object({
  hardware: hardwarePayload.nullable().catch(null),
  dataSha256: z.record(z.string(), z.string()).nullable().catch(null),
});
const result = z.object({
  phases: z.record(z.string(), z.number()).nullable().catch(null),
  sync: z.string().nullable().catch(null),
});

/** `folder`: the run folder; null for a raw log. */
export function readSidecars(folder: string | null): Sidecars {
  const problems: Damage[] = [];
  const read = (name: string, parser: (text: string) => unknown): unknown => {
    if (folder === null) return null;
    const file = path.join(folder, name);
    try {
      const value = parser(readWholeFile(file).toString('utf8'));
      if (typeof value !== 'object' || value === null) throw new Error(expectedGot('an object', value));
      return value;
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return null;
      const reason = error instanceof Error ? error.message.replace(/\s+/g, ' ') : String(error);
      const problem = `is not used, it cannot be read: ${shortened(reason, 200)}`;
      problems.push({ file, line: 0, kind: 'warning', problem, repeated: 0 });
      return null;
    }
  };
  const facts = meta.safeParse(read('meta.json', JSON.parse)).data;
  const ended = result.safeParse(read('result.json', JSON.parse)).data;
  return {
    config: read('config.yaml', (text) => parse(text)),
    hardware: facts?.hardware ?? null,
    phases: ended?.phases ?? null,
    sync: ended?.sync ?? null,
    dataSha256: facts?.dataSha256 ?? null,
    problems,
  };
}
