/**
 * Progress for people, on stderr: one line redrawn in place on a terminal, one line for each round of a measurement
 * elsewhere.
 */
import { duration } from '../../scripts/performance/peers/measures.ts';

export interface RaceProgress {
  /** `round` 0 is the warm-up. */
  update(measure: string, round: number, name: string): void;
  /** Writes a line that stays. */
  note(line: string): void;
  /** Removes the line. */
  finish(): void;
}

interface ProgressStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

const clearLine = '\r\u001b[K';

export function createRaceProgress(stream: ProgressStream): RaceProgress {
  const startedAt = performance.now();
  const inPlace = stream.isTTY === true;
  let latest = '';
  return {
    update(measure, round, name) {
      const where =
        measure === 'start' ? 'start' : `${measure}, ${round === 0 ? 'warm-up' : `round ${round}`}`;
      const elapsed = duration(performance.now() - startedAt);
      if (inPlace) {
        const line = `${elapsed}  ${where}: ${name}`;
        stream.write(`${clearLine}${line.slice(0, (stream.columns || 80) - 1)}`);
      } else if (where !== latest) stream.write(`${elapsed}  ${where}\n`);
      latest = where;
    },
    note: (line) => void stream.write(`${inPlace ? clearLine : ''}${line}\n`),
    finish() {
      if (inPlace) stream.write(clearLine);
    },
  };
}
