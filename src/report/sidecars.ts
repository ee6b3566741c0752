/**
 * The facts in the files beside a log. A file that is missing adds nothing: the log is the record. One that cannot be read
 * is a problem of its own.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod';
import { errorCode } from '../file-failure.js';
import { hardwarePayload, type LogEvents } from '../run/log-schema.js';
import type { Damage } from './read-log.js';

export interface Sidecars {
  readonly config: unknown;
  readonly hardware: LogEvents['hardware'] | null;
  readonly phases: Readonly<Record<string, number>> | null;
  /** The strategy, whatever the configuration leaves open; null if unknown. */
  readonly sync: string | null;
  readonly dataSha256: Readonly<Record<string, string>> | null;
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
      return parser(readFileSync(file, 'utf8'));
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return null;
      const [reason] = (error instanceof Error ? error.message : String(error)).split('\n');
      const problem = `cannot be read, and adds nothing: ${reason}`;
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
