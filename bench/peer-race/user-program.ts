/**
 * The program of a user, from its start to one line on stdout: JSON with the accuracy, or, for the race of this
 * project, its line of words. The clock is outside the process, from spawn to the line; then the process and its whole
 * group are ended.
 */
import * as z from 'zod';
import { kill, start } from './children.ts';
import { openMemoryMeter } from './memory.ts';
import { ending, parsed, startFailure, TimeLimit } from './session.ts';
import type { Launch } from './types.ts';

const answer = z.object({
  accuracy: z.number(),
  residentMs: z.number().positive(),
  /** `[ms of the resident clock, accuracy]` after each epoch. */
  curve: z.array(z.tuple([z.number(), z.number()])).default([]),
  /** The program stopped by itself before the target. */
  gaveUp: z.boolean().default(false),
});

export interface ColdRun {
  readonly ms: number;
  readonly accuracy: number;
  /** Null for a program that does not report it. */
  readonly residentMs: number | null;
  readonly curve: readonly (readonly [number, number])[];
  readonly gaveUp: boolean;
  /** For the whole process group, if requested; null if it cannot be measured. */
  readonly peakBytes: number | null;
}

export interface ColdOptions {
  readonly cwd: string;
  readonly limitMs: number;
  /** Samples the memory while the program runs, which slows it. */
  readonly meterMemory: boolean;
}

const raceLine = /: (\d+\.\d+) % of the [\d,]+ test images .* reached\)$/;

/** @throws TimeLimit, or Error that describes what happened instead of the line. */
export function runUserProgram(launch: Launch, { cwd, limitMs, meterMemory }: ColdOptions): Promise<ColdRun> {
  const startedAt = performance.now();
  const child = start(launch, cwd);
  child.stdin.end();
  const meter = meterMemory && child.pid !== undefined ? openMemoryMeter(child.pid) : null;
  return new Promise((resolve, reject) => {
    let text = '';
    let stderr = '';
    let ms = Number.NaN;
    let late = false;
    let peakBytes: number | null = null;
    const timer = setTimeout(() => {
      late = true;
      kill(child);
    }, limitMs);
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      if (Number.isFinite(ms) || !text.includes('\n')) return;
      ms = performance.now() - startedAt;
      peakBytes = meter?.read() ?? null;
      kill(child);
    });
    child.stderr.setEncoding('utf8').on('data', (part: string) => {
      stderr = `${stderr}${part}`.slice(-4000);
    });
    child.once('error', (error) => {
      clearTimeout(timer);
      meter?.close();
      reject(new Error(startFailure(error)));
    });
    child.once('close', () => {
      clearTimeout(timer);
      meter?.close();
      if (late) return reject(new TimeLimit(limitMs));
      if (!Number.isFinite(ms)) return reject(new Error(ending(child, stderr)));
      try {
        resolve({ ms, peakBytes, ...read(text.slice(0, text.indexOf('\n'))) });
      } catch (error) {
        reject(error);
      }
    });
  });
}

function read(line: string): Omit<ColdRun, 'ms' | 'peakBytes'> {
  const words = raceLine.exec(line);
  if (words !== null) return { accuracy: Number(words[1]) / 100, residentMs: null, curve: [], gaveUp: false };
  return parsed(answer, line);
}
