/**
 * A contestant that stays open. Its process prints one line of JSON when it is ready, `{"version": …}`, and then
 * answers each line on stdin with one line of JSON. `target SEED`: trains from fresh parameters until the target is
 * reached. `infer BATCH CALLS`: the logits of the first BATCH test images, CALLS times. The process ends when its stdin
 * closes. Any other behaviour (an end, silence, other output) is an error that describes it.
 */
import { createInterface } from 'node:readline';
import * as z from 'zod';
import { kill, start } from './children.ts';
import type { Launch } from './types.ts';

/** `[ms of the resident clock, accuracy]` after each epoch. */
const curve = z.array(z.tuple([z.number(), z.number()]));

const greeting = z.object({ version: z.string() });
const refusal = z.object({ error: z.string() });
const trained = z.object({
  ms: z.number().positive(),
  trainMs: z.number().positive(),
  images: z.number().positive(),
  accuracy: z.number(),
  epochs: z.number(),
  curve,
});
const scored = z.object({ accuracy: z.number() });
const inferred = z.object({ ms: z.array(z.number().positive()).min(1) });

export type Trained = z.infer<typeof trained>;

/** The contestant took longer than the limit of a sample and has been ended. */
export class TimeLimit extends Error {
  override readonly name = 'TimeLimit';
  readonly limitMs: number;

  constructor(limitMs: number) {
    super(`no answer within ${limitMs / 1000} s`);
    this.limitMs = limitMs;
  }
}

export interface SessionProcess {
  readonly version: string;
  /** @throws TimeLimit, or Error that describes what happened instead of an answer. */
  target(seed: number, limitMs: number): Promise<Trained>;
  /** Of the logits of all test images; programs of bench/inference.ts only. @throws as `target`. */
  accuracy(limitMs: number): Promise<number>;
  /** Milliseconds of each call. @throws as `target`. */
  infer(batch: number, calls: number, limitMs: number): Promise<readonly number[]>;
  /** No answer comes afterwards. Kills a process that does not end within seconds. */
  close(): Promise<void>;
}

const startLimitMs = 120_000;
const graceMs = 3000;

/** Resolves when the process has reported its version. @throws like `target`. */
export async function openSession(
  launch: Launch,
  cwd: string,
  limitMs = startLimitMs,
): Promise<SessionProcess> {
  const child = start(launch, cwd);
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  let lastWords = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    lastWords = `${lastWords}${text}`.slice(-4000);
  });
  let failedToStart: Error | null = null;
  const closed = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
    child.once('error', (error) => {
      failedToStart = error;
      resolve();
    });
  });

  async function answer<T>(shape: z.ZodType<T>, patienceMs: number): Promise<T> {
    const line = await within(patienceMs, lines.next());
    if (line === null) {
      kill(child);
      throw new TimeLimit(patienceMs);
    }
    if (line.done) {
      await closed;
      throw new Error(failedToStart === null ? ending(child, lastWords) : startFailure(failedToStart));
    }
    return parsed(shape, line.value);
  }

  function ask<T>(words: string, shape: z.ZodType<T>, patienceMs: number): Promise<T> {
    child.stdin.write(`${words}\n`);
    return answer(shape, patienceMs);
  }

  async function close(): Promise<void> {
    child.stdin.end();
    await within(graceMs, closed);
    kill(child);
    await closed;
  }

  try {
    const { version } = await answer(greeting, limitMs);
    return {
      version,
      target: (seed, patienceMs) => ask(`target ${seed}`, trained, patienceMs),
      accuracy: async (patienceMs) => (await ask('accuracy', scored, patienceMs)).accuracy,
      infer: async (batch, calls, patienceMs) =>
        (await ask(`infer ${batch} ${calls}`, inferred, patienceMs)).ms,
      close,
    };
  } catch (error) {
    kill(child);
    throw error;
  }
}

/** The checked answer of a program. @throws Error that quotes the output. */
export function parsed<T>(shape: z.ZodType<T>, line: string): T {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new Error(`expected a line of JSON, got ${JSON.stringify(line.slice(0, 80))}`);
  }
  const refused = refusal.safeParse(value);
  if (refused.success) throw new Error(refused.data.error);
  const result = shape.safeParse(value);
  if (result.success) return result.data;
  const [{ path, message }] = result.error.issues;
  const where = path.length === 0 ? '' : `${path.join('.')}: `;
  throw new Error(`not the requested answer: ${where}${message}, in ${line.slice(0, 80)}`);
}

/** Description of a process's unexpected end: its exit code and its error on stderr, or the last line there. */
export function ending(
  { exitCode, signalCode }: { exitCode: number | null; signalCode: NodeJS.Signals | null },
  stderr: string,
): string {
  const how = signalCode === null ? `exit code ${exitCode}` : signalCode;
  const lines = stderr.split('\n').map((line) => line.trim());
  const error = lines.findLast((line) => /^[\w.]*(Error|Exception)\b.*:/.test(line));
  const said = (error ?? lines.findLast((line) => line !== '') ?? '').slice(0, 200);
  return said === '' ? `ended with ${how}` : `ended with ${how}: ${said}`;
}

export const startFailure = (error: Error): string => `could not be started: ${error.message}`;

/** Null if the promise has not settled in time. */
async function within<T>(patienceMs: number, promise: Promise<T>): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), patienceMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
