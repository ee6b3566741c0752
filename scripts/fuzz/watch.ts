/**
 * A process that opens the inputs of one format, and sends the result. Its worker thread opens them; the main thread
 * ends it after too long a time or with too much memory, which is that of this format alone.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { FormatName } from '../../test/support/fuzz/formats.ts';
import type { Fuzzing, Tally } from '../../test/support/fuzz/fuzz.ts';
import type { FuzzTask } from './worker.ts';

/** Of one input; the machine may be busy. */
const longestMs = 20_000;
/** Resident memory above that at the start. */
const mostBytes = 1.5 * 2 ** 30;

export type FormatInputs = Fuzzing & { readonly first: number; readonly count: number };

export interface FormatResult extends Pick<Tally, 'opened' | 'refused' | 'slowestMs'> {
  readonly format: FormatName;
  readonly inputs: number;
  /** `number`: null if the whole process ended. */
  readonly findings: readonly {
    readonly number: number | null;
    readonly file: string;
    readonly problem: string;
  }[];
  readonly seconds: number;
  readonly peakMiB: number;
}

function fuzzFormat(inputs: FormatInputs): Promise<FormatResult> {
  const { format, seed, folder, count } = inputs;
  const began = performance.now();
  const startBytes = process.memoryUsage.rss();
  const current = new Float64Array(new SharedArrayBuffer(8));
  const workerData: FuzzTask = { ...inputs, current };
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData });
  let peakBytes = 0;
  return new Promise((resolve) => {
    const end = (tally: Omit<Tally, 'findings'>, findings: FormatResult['findings']) => {
      clearInterval(watchdog);
      resolve({
        ...{ format, inputs: count, opened: tally.opened, refused: tally.refused },
        ...{ slowestMs: Math.round(tally.slowestMs), findings },
        seconds: Math.round((performance.now() - began) / 1000),
        peakMiB: Math.round(peakBytes / 2 ** 20),
      });
    };
    const give = async (problem: string) => {
      await worker.terminate();
      const [number] = current;
      end({ opened: 0, refused: 0, slowestMs: 0 }, [{ number, file: '', problem }]);
    };
    let [seen, since] = [-1, 0];
    const watchdog = setInterval(() => {
      const bytes = process.memoryUsage.rss() - startBytes;
      peakBytes = Math.max(peakBytes, bytes);
      const [number] = current;
      if (number !== seen) [seen, since] = [number, performance.now()];
      if (bytes > mostBytes) give(`${Math.round(bytes / 2 ** 20)} MiB of memory`);
      else if (performance.now() - since > longestMs) give(`not received within ${longestMs / 1000} s`);
    }, 50);
    worker
      .once('error', (error) => give(String(error)))
      .once('message', (tally: Tally) => {
        const findings = tally.findings.map(({ number, file, problem }) => {
          const kept = join(folder, `${format}-${seed}-${number}-${file.name}`);
          writeFileSync(kept, file.bytes);
          return { number, file: kept, problem };
        });
        end(tally, findings);
      });
  });
}

process.once('message', async (inputs: FormatInputs) => {
  process.send?.(await fuzzFormat(inputs));
  process.disconnect();
});
