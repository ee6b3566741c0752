/** The line and the exit code of a file operation that fails. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cannot } from '../dist/file-failure.js';
import { ExitCode, UserError } from '../dist/user-error.js';

const failing = (code: string) => Object.assign(new Error(`${code}: made up`), { code });

test('a path that cannot be used is bad usage if the caller says so; a failing machine never is', () => {
  for (const [code, expected] of Object.entries({
    ...{ EACCES: 2, ENOTDIR: 2, EROFS: 2, ENOENT: 2, ENAMETOOLONG: 2 },
    ...{ EIO: 1, ENOSPC: 1, EDQUOT: 1, EMFILE: 1, ENFILE: 1, ESTALE: 1 },
  }))
    assert.equal(cannot('lock', 'run', failing(code), ExitCode.usage).exitCode, expected, code);
});

test('without an exit code it is a failure, and a line for the user stays as it is', () => {
  const error = cannot('write', 'a.csv', failing('EROFS'));
  assert.equal(error.exitCode, 1);
  assert.equal(error.message, 'cannot write a.csv: the file system is read-only (EROFS)');
  const own = new UserError('known', ExitCode.usage);
  assert.equal(cannot('write', 'a.csv', own), own);
});
