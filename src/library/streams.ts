/** Which data of a program are gathered before a training: rows that are objects, iterables, pairs. */

export type Stream<T> = Iterable<T> | AsyncIterable<T>;

export const isPlainObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !ArrayBuffer.isView(value) &&
  !('length' in value);

/** Not an array of any kind, nor a text. */
export const isStream = (value: unknown): value is Stream<unknown> =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !ArrayBuffer.isView(value) &&
  (Symbol.asyncIterator in value || Symbol.iterator in value);

/** Whether the data are not in the arrays that a data set in memory has. */
export function isGathered(data: unknown): boolean {
  if (typeof data !== 'object' || data === null) return false;
  if ('pairs' in data) return true;
  if (!('inputs' in data)) return false;
  const { inputs } = data;
  return isStream(inputs) || (Array.isArray(inputs) && isPlainObject(inputs[0]));
}
