/** The warnings of a command: shown at once, logged as soon as there is a log, and kept for result.json. */
import type { UserError } from '../user-error.js';
import type { Warn, Warning } from '../warnings.js';
import type { RunLog } from './log.js';

export class Warnings {
  readonly #given: Warning[] = [];
  readonly #show: (line: string, warning: Warning) => void;
  #log: RunLog | null = null;

  /** `show`: prints a line, also in quiet runs. */
  constructor(show: (line: string, warning: Warning) => void) {
    this.#show = show;
  }

  /** Equal warnings are given only once. */
  readonly warn: Warn = (code, message) => {
    if (this.#given.some((one) => one.code === code && one.message === message)) return;
    const warning = { code, message };
    this.#given.push(warning);
    this.#show(`warning: ${message} [${code}]`, warning);
    this.#log?.event('warning', warning);
  };

  /** Logs the warnings given so far, unless the log has them already, and later ones at once. */
  attach(log: RunLog, has: (warning: Warning) => boolean = () => false): void {
    for (const warning of this.#given) if (!has(warning)) log.event('warning', warning);
    this.#log = log;
  }

  get list(): readonly Warning[] {
    return this.#given;
  }
}

/** Of a file of records that cannot be written while the run goes on. */
export const warnOfRecords = (warn: Warn) => (error: UserError) =>
  warn('records-not-written', `${error.message}; what it lacks is kept in memory, and tried again`);
