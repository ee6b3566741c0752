/** Configurations for tests: files in a folder of their own, and the defaults with settings. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { resolveConfig } from '../../dist/config/load.js';

/** A folder with the given files, and a way to load from it. */
export function folder(files: Record<string, string>) {
  const directory = mkdtempSync(join(tmpdir(), 'config-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
  const load = (file: string | null, ...overrides: string[]) =>
    resolveConfig({ file, overrides, environment: {}, directory });
  return { directory, load };
}

export const set = async (...overrides: string[]) =>
  (await resolveConfig({ file: null, overrides, environment: {} })).config;
