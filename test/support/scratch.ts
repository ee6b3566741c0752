/** What tests of files share: a folder of their own, and a check of what is reported when a file cannot be written. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { UserError } from '../../dist/user-error.js';

export function scratch(t: TestContext): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'run-folder-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** A check for assert.rejects: a UserError of one line, with this exit code, naming the path. */
export function userError(exitCode: number, ...parts: (string | RegExp)[]) {
  return (error: unknown) => {
    assert.ok(error instanceof UserError, String(error));
    assert.equal(error.exitCode, exitCode);
    assert.doesNotMatch(error.message, /\n/);
    for (const part of parts) {
      if (typeof part === 'string') assert.ok(error.message.includes(part), error.message);
      else assert.match(error.message, part);
    }
    return true;
  };
}
