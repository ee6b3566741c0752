/** What tests hold of a message for people: its key, a characteristic word, what was given. The sentence is free. */
import assert from 'node:assert/strict';

/** The message is one line that holds every one of `parts`. */
export function says(message: string, ...parts: readonly string[]): void {
  for (const part of parts)
    assert.ok(message.includes(part), `${JSON.stringify(part)} is not in: ${message}`);
  assert.doesNotMatch(message.trimEnd(), /\n/);
}

/** For `assert.throws` and `assert.rejects`: a UserError of this exit code that says `parts`. */
export const refusing =
  (exitCode: number, ...parts: readonly string[]) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof Error && error.name === 'UserError', String(error));
    assert.ok('exitCode' in error && error.exitCode === exitCode, `${error}`);
    says(error.message, ...parts);
    return true;
  };
