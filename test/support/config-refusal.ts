/** The message with which a configuration is refused. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { resolveConfig } from '../../dist/config/load.js';
import { UserError } from '../../dist/user-error.js';

export interface Given {
  readonly files?: Record<string, string>;
  readonly file?: string | null;
  readonly overrides?: readonly string[];
  readonly flags?: Record<string, unknown>;
}

export function folder(files: Record<string, string>): string {
  const directory = mkdtempSync(join(tmpdir(), 'config-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
  return directory;
}

/** The message of the refusal, with the test's folder left out. */
export async function refusal({
  files = {},
  file = null,
  overrides = [],
  flags = {},
}: Given): Promise<string> {
  const directory = folder(files);
  try {
    await resolveConfig({ file, overrides, flags, environment: {}, directory });
  } catch (error) {
    assert.ok(error instanceof UserError, `not a UserError: ${error}`);
    assert.equal(error.exitCode, 2);
    assert.doesNotMatch(error.message, /\n/);
    return error.message.replaceAll(`${directory}/`, '');
  }
  assert.fail(`nothing was refused: ${JSON.stringify({ file, overrides, flags })}`);
}

export const word = (...overrides: string[]) => refusal({ overrides });
export const yaml = (text: string) => refusal({ files: { 'configs/x.yaml': text }, file: 'configs/x.yaml' });
