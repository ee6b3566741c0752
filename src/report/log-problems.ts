/** The words for the problems of a log's lines. */
import type { ZodError } from 'zod';
import { valueAt } from '../config/layer.js';
import { nearest } from '../config/nearest.js';
import { plural, printable } from '../numbers/words.js';
import { logEvents } from '../run/log-schema.js';
import { expectedGot } from '../user-error.js';
import type { Damage } from './read-log.js';

/** `loss: expected number, got "0.3" (string)`: the first key of `record` that zod refuses. */
export function payloadProblem(error: ZodError, record: object): string {
  const [issue] = error.issues;
  const received = valueAt(record, issue.path);
  const expected = /expected (.*?)(, received .*)?$/.exec(issue.message)?.[1] ?? issue.message;
  const others = error.issues.length - 1;
  const more = others === 0 ? '' : `, and ${others} more`;
  return `${issue.path.join('.')}: ${received === undefined ? `expected ${expected}, but it is missing` : expectedGot(expected, received)}${more}`;
}

export function nearestEvent(event: string): string {
  const close = nearest(event, Object.keys(logEvents));
  return close === null ? '' : `; is it ${close}?`;
}

/** `log.ndjson:12: …`, in the format of compilers, so that editors can jump there. */
export function damageLine({ file, line, kind, problem, repeated }: Damage): string {
  const again = repeated === 0 ? '' : ` (and on ${plural(repeated, 'more line')})`;
  const place = line === 0 ? file : `${file}:${line}`;
  return printable(`${place}: ${kind === 'warning' ? 'warning: ' : ''}${problem}${again}`);
}
