/** Small data sets in temporary folders, and the one assertion that every refusal of data must pass. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { ExitCode, UserError } from '../../dist/user-error.js';

export const names = {
  trainImages: 'train-images-idx3-ubyte',
  trainLabels: 'train-labels-idx1-ubyte',
  testImages: 't10k-images-idx3-ubyte',
  testLabels: 't10k-labels-idx1-ubyte',
} as const;

/** A folder that is gone when the test is over. */
export async function temporaryFolder(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'shardstep-data-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** An IDX file: the header for `dimensions`, then `elements`. */
export function idx(dimensions: readonly number[], elements: Iterable<number>, elementType = 0x08): Buffer {
  const header = Buffer.alloc(4 + 4 * dimensions.length);
  header.writeUInt8(elementType, 2);
  header.writeUInt8(dimensions.length, 3);
  dimensions.forEach((size, index) => {
    header.writeUInt32BE(size, 4 + 4 * index);
  });
  return Buffer.concat([header, elements instanceof Uint8Array ? elements : Buffer.from([...elements])]);
}

export type Files = Record<string, Buffer | string>;

/** Three training and two test images of 2 x 3 pixels that count up from 1. */
export function tinySet(): Record<(typeof names)[keyof typeof names], Buffer> {
  const count = (length: number, from: number) => Array.from({ length }, (_, index) => from + index);
  return {
    [names.trainImages]: idx([3, 2, 3], count(18, 1)),
    [names.trainLabels]: idx([3], [7, 0, 9]),
    [names.testImages]: idx([2, 2, 3], count(12, 101)),
    [names.testLabels]: idx([2], [4, 2]),
  };
}

export async function writeFiles(dir: string, files: Files): Promise<void> {
  await Promise.all(Object.entries(files).map(([name, content]) => writeFile(join(dir, name), content)));
}

/** Awaits a refusal: a UserError of one line that holds every one of `parts`. Returns its message. */
export async function refusalMessage(
  work: Promise<unknown>,
  parts: readonly string[],
  exitCode: ExitCode = ExitCode.failure,
): Promise<string> {
  const error = await work.then(
    () => assert.fail('it was accepted'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof UserError, `not a UserError: ${(error as Error).stack}`);
  for (const part of parts) {
    assert.ok(error.message.includes(part), `${JSON.stringify(part)} is not in: ${error.message}`);
  }
  assert.ok(!error.message.includes('\n'), `more than one line: ${error.message}`);
  assert.equal(error.exitCode, exitCode);
  return error.message;
}

/** As `refusalMessage`, for tests to which the parts say enough. */
export async function refusal(
  work: Promise<unknown>,
  parts: readonly string[],
  exitCode: ExitCode = ExitCode.failure,
): Promise<void> {
  await refusalMessage(work, parts, exitCode);
}
