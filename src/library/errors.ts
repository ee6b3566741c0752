/** Errors on their way between threads, where they lose their class. */
import { Interrupted } from '../coordinator/interruption.js';
import { type ExitCode, UserError } from '../user-error.js';
import type { SentError } from './messages.js';

export function sentError(error: unknown): SentError {
  const plain = error instanceof Error ? error : new Error(String(error));
  const { message, stack } = plain;
  const interrupted = error instanceof Interrupted;
  if (!(error instanceof UserError)) return { user: null, message, stack, interrupted };
  const { exitCode, key, expected } = error;
  const received = isCloneable(error.received) ? error.received : String(error.received);
  return { user: { exitCode, key, expected, received }, message, stack, interrupted };
}

export function receivedError({ user, message, stack }: SentError): Error {
  if (user === null) return Object.assign(new Error(message), { stack });
  const { exitCode, key, expected, received } = user;
  const refused = { ...(key === null ? {} : { key }), ...(expected === null ? {} : { expected }), received };
  return new UserError(message, exitCode as ExitCode, { refused });
}

function isCloneable(value: unknown): boolean {
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}
