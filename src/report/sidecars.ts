/** The facts in the files beside a log. A file that is missing or invalid adds nothing: the log is the record. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod';
import { hardwarePayload, type LogEvents } from '../run/log-schema.js';

export interface Sidecars {
  readonly config: unknown;
  readonly hardware: LogEvents['hardware'] | null;
  readonly phases: Readonly<Record<string, number>> | null;
  /** The strategy, whatever the configuration leaves open; null if unknown. */
  readonly sync: string | null;
  readonly dataSha256: Readonly<Record<string, string>> | null;
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
  if (folder === null) return { config: null, hardware: null, phases: null, sync: null, dataSha256: null };
  const facts = meta.safeParse(read(folder, 'meta.json', JSON.parse)).data;
  const ended = result.safeParse(read(folder, 'result.json', JSON.parse)).data;
  return {
    config: read(folder, 'config.yaml', (text) => parse(text)),
    hardware: facts?.hardware ?? null,
    phases: ended?.phases ?? null,
    sync: ended?.sync ?? null,
    dataSha256: facts?.dataSha256 ?? null,
  };
}

function read(folder: string, name: string, parser: (text: string) => unknown): unknown {
  const file = path.join(folder, name);
  if (!existsSync(file)) return null;
  try {
    return parser(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}
