/**
 * LOG_LEVEL as other programs write it: in any case, with the words of syslog, Python and winston. Other programs use the
 * variable too, so no value of it stops a run.
 */
import type { Warn } from '../warnings.js';

const levels: ReadonlyMap<string, string> = new Map(
  Object.entries({
    trace: ['trace', 'all', 'silly', 'finest'],
    debug: ['debug', 'verbose', 'http', 'fine'],
    info: ['info', 'information', 'informational', 'notice', 'log', 'default', 'notset'],
    warn: ['warn', 'warning', 'warnings'],
    error: ['error', 'err', 'errors', 'severe'],
    fatal: ['fatal', 'critical', 'crit', 'alert', 'emerg', 'emergency', 'panic'],
    silent: ['silent', 'off', 'none', 'quiet', 'disabled'],
  }).flatMap(([level, words]) => words.map((word) => [word, level] as const)),
);

/** The level in LOG_LEVEL; undefined if it is not set, or (with a warning) if its word is not a level. */
export function environmentLevel(
  { LOG_LEVEL: word = '' }: Readonly<Record<string, string | undefined>>,
  warn: Warn,
): string | undefined {
  if (word.trim() === '') return undefined;
  const level = levels.get(word.trim().toLowerCase());
  if (level === undefined)
    warn(
      'level-unknown',
      `the environment variable LOG_LEVEL is ${JSON.stringify(word)}, which is no level ` +
        '(trace, debug, info, warn, error, fatal, silent): it is ignored',
    );
  return level;
}
