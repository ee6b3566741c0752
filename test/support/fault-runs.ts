/** Commands whose file operations fail one after another, as in SQLite's tests, and what each such end must hold. */
import assert from 'node:assert/strict';
import { cp, readdir, readFile, rm } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readSafetensors } from '../../dist/model/safetensors.js';
import { Rng } from '../../dist/numbers/rng.js';
import { type CliResult, cli, workingDirectory } from './cli.ts';
import type { Fault } from './failing-files.ts';

const shim = fileURLToPath(new URL('./failing-files.ts', import.meta.url));

/** `npm run test:faults`: all; a number: so many operations of each command and fault. */
const { SHARDSTEP_FAULTS: wanted = '' } = process.env;
export const isWhole = wanted === 'all';

export type FaultKind = Pick<Fault, 'code' | 'lasts'>;
/** Of a device, of a full disk, of a remounted one, of rights; and a file that another process deletes. */
export const faults: Readonly<Record<'EIO' | 'ENOSPC' | 'EROFS' | 'EACCES' | 'ENOENT', FaultKind>> = {
  EIO: { code: 'EIO', lasts: false },
  ENOSPC: { code: 'ENOSPC', lasts: true },
  EROFS: { code: 'EROFS', lasts: true },
  EACCES: { code: 'EACCES', lasts: false },
  ENOENT: { code: 'ENOENT', lasts: false },
};

/** A command line, or the words of another program, such as one that only fills the cache. */
export interface Faulted {
  readonly words: readonly string[];
  readonly program?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** What a run that ends with exit code 0 must have in common with the one without a fault; undefined: it says that something is missing. */
  readonly result?: (cwd: string, stdout: string) => Promise<unknown> | undefined;
  /** Checks the other files, however the command ends. */
  readonly wholeAfter?: (cwd: string) => Promise<void>;
  /** From the first operation that begins so, stdout has the result, however the command ends. */
  readonly printed?: { readonly from: RegExp; readonly text: RegExp };
}

export interface Faulty extends CliResult {
  /** The counted operations that the code meets, in turn. */
  readonly of: (code: Fault['code']) => readonly string[];
}

export async function withFault(
  { words, program, environment }: Faulted,
  cwd: string,
  fault: Omit<Fault, 'folder' | 'report'>,
): Promise<Faulty> {
  const report = `${cwd}.operations`;
  const given: Fault = { ...fault, folder: cwd, report };
  const failing = { SHARDSTEP_FAULT: JSON.stringify(given), NODE_OPTIONS: `--import=${shim}`, HOME: cwd };
  const options = { cwd, environment: { ...failing, ...environment } };
  const result = await cli(words, program === undefined ? options : { ...options, program });
  // A process that hangs is killed, and writes none.
  const lines = (await readFile(report, 'utf8').catch(() => '')).split('\n').slice(0, -1);
  await rm(report, { force: true });
  const of = (code: string) =>
    lines.flatMap((line) => {
      const [codes, operation] = line.split('\t');
      return codes.split(' ').includes(code) ? [operation] : [];
    });
  return { ...result, of };
}

/** `run/.final.safetensors.1a2b3c4d5e6f.tmp` of `open run/.final.safetensors.1a2b3c4d5e6f.tmp`. */
const fileOf = (operation: string) => operation.slice(operation.indexOf(' ') + 1);
const isLeftover = (name: string) => /\.tmp$|^run\.lock/.test(basename(name));

/** Every file below is read as the program that uses it would. */
async function assertWhole(folder: string, what: string, mayLeave: boolean): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    const said = `${what}: ${relative(folder, file)}`;
    if (isLeftover(file)) assert.ok(mayLeave, `${said} is left`);
    else if (file.endsWith('.json')) JSON.parse(await readFile(file, 'utf8'));
    else if (file.endsWith('.safetensors')) readSafetensors(await readFile(file), said);
    else if (/\.(svg|html)$/.test(file))
      assert.match(await readFile(file, 'utf8'), /<\/(svg|html)>\s*$/, said);
    else if (file.endsWith('.ndjson'))
      // A line that was cut ends the file: its reader reports it.
      for (const line of (await readFile(file, 'utf8')).split('\n').slice(0, -1)) JSON.parse(line);
  }
}

/** Exit code 0 with every result, or one line that names the file or its folder, and no "bug" and no stack. */
export function assertSpoken({ code, stderr }: CliResult, operation: string, what: string): void {
  const said = `${what}: exit code ${code}\n${stderr}`;
  assert.ok([0, 1, 2].includes(code ?? -1), said);
  assert.doesNotMatch(stderr, /^\s+at |bug in shardstep/m, said);
  const lines = stderr.split('\n').filter((line) => line !== '');
  const errors = lines.filter((line) => line.startsWith('error: '));
  if (code === 0) {
    assert.ok(
      lines.every((line) => line.startsWith('warning: ')),
      said,
    );
    return;
  }
  assert.equal(errors.length, 1, said);
  const file = fileOf(operation);
  const name = basename(file).replace(/^\.(.+)\.[0-9a-f]{12}\.tmp$/, '$1');
  const names = [name.replace(/\.[0-9a-f-]{36}\.tmp$/, ''), basename(dirname(file))];
  assert.ok(
    // Of several files that fail, the line names the most important.
    names.some((one) => one !== '.' && errors[0].includes(one)) ||
      file === '.' ||
      / more files?\)$/.test(errors[0]),
    `${said}does not name the file`,
  );
}

/** All numbers, or some of them by the seed, sorted. */
function chosen(count: number, some: number, seed: number): number[] {
  const all = Array.from({ length: count }, (_, at) => at + 1);
  const few = Number(wanted) || some;
  if (isWhole || count <= few) return all;
  const random = new Rng(seed);
  const drawn = new Set<number>();
  while (drawn.size < few) drawn.add(1 + random.below(count));
  return [...drawn].sort((a, b) => a - b);
}

/** Where a command begins, and how many of its operations fail of each fault if not all do. */
export interface Sampling {
  readonly start: string;
  readonly sample: number;
  readonly seed?: number;
}

/**
 * Fails the operations in turn, in `start`, which is as before each time; without SHARDSTEP_FAULTS a sample of them.
 * A run that meets no fault shows the result.
 */
export async function failEach(
  t: TestContext,
  faulted: Faulted,
  kinds: readonly FaultKind[],
  { start, sample, seed = 1 }: Sampling,
): Promise<void> {
  // The paths in the files of a run are absolute, so it stays where it is.
  const kept = await workingDirectory(t);
  await cp(start, kept, { recursive: true });
  const renew = async () => {
    await rm(start, { recursive: true, force: true });
    await cp(kept, start, { recursive: true });
  };
  const { printed } = faulted;
  /** Undefined, too, after the file was deleted on purpose. */
  const resultOf = (stdout: string, code: Fault['code'] | null) =>
    faulted.result?.(start, stdout)?.catch((error: NodeJS.ErrnoException) => {
      if (code !== 'ENOENT' || error.code !== 'ENOENT') throw error;
    });
  /** A checkpoint that could not be written is no failure, if another one is there. */
  const numberless = (name: string) => name.replace(/checkpoint-\d+/, 'checkpoint-N');
  const namesIn = async () => {
    const names = (await readdir(start, { recursive: true })).filter((name) => !isLeftover(name));
    return [...new Set(names.map(numberless))].sort();
  };
  const passed = await withFault(faulted, start, { at: 0, code: 'EIO', lasts: false });
  assert.equal(passed.code, 0, passed.stderr);
  const [names, expected] = [await namesIn(), await resultOf(passed.stdout, null)];
  const assertEnd = async (ended: Faulty, { code, lasts }: FaultKind, at: number, what: string) => {
    const operation = (ended.code === null ? passed : ended).of(code)[at - 1] ?? 'none .';
    const said = `${what}, ${operation}`;
    assertSpoken(ended, operation, said);
    if (ended.code === 0) {
      if (!lasts && code !== 'ENOENT') assert.deepEqual(await namesIn(), names, said);
      // A result that may be another has said so.
      const found = ended.stderr === '' ? await resultOf(ended.stdout, code) : undefined;
      if (found !== undefined) assert.deepEqual(found, expected, said);
    }
    const from = passed.of(code).findIndex((one) => printed?.from.test(one)) + 1;
    if (printed !== undefined && from > 0 && at >= from) assert.match(ended.stdout, printed.text, said);
    const mayLeave = /^(rm|unlink|readFileSync run.run.lock)/.test(operation) || (lasts && code !== 'ENOSPC');
    await assertWhole(start, said, mayLeave);
    await faulted.wholeAfter?.(start);
  };
  const problems: string[] = [];
  for (const kind of kinds) {
    const { code, lasts } = kind;
    for (const at of chosen(passed.of(code).length, sample, seed)) {
      await renew();
      const ended = await withFault(faulted, start, { at, code, lasts });
      const what = `${faulted.words[0]}: ${code}${lasts ? ' from' : ' at'} operation ${at}`;
      await assertEnd(ended, kind, at, what).catch((error: unknown) => problems.push(String(error)));
    }
  }
  await renew();
  assert.equal(problems.length, 0, problems.join('\n\n'));
}
