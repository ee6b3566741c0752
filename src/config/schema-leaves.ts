/** The kinds of values that keys have. Each kind has the words that refuse a wrong value. */

import * as z from 'zod';
import { isPath } from './home.js';

/**
 * A leaf that refuses every wrong value in the same words, whichever check failed. Members of a union use the words of
 * the union: zod reports a member instead of the union if only one has the right type.
 */
export const expecting = (expected: string) => ({ error: expected });

export const integer = (expected: string, from: number, to = Number.MAX_SAFE_INTEGER) =>
  z.int(expecting(expected)).min(from, expecting(expected)).max(to, expecting(expected));

export const countFromOne = () => integer('an integer from 1 up', 1);
export const countOrNull = () => integer('an integer from 1 up, or null', 1).nullable();

export const atLeast = (low: number) => {
  const expected = `a number from ${low} up`;
  return z.number(expecting(expected)).min(low, expecting(expected));
};

export const above = (low: number, expected = `a number above ${low}`) => {
  return z.number(expecting(expected)).gt(low, expecting(expected));
};

/** 0 ≤ x < 1 */
export const belowOne = (expected = 'a number from 0 to below 1') =>
  z.number(expecting(expected)).min(0, expecting(expected)).lt(1, expecting(expected));

/** 0 ≤ x ≤ 1 */
export const share = () => {
  const expected = 'a number from 0 to 1';
  return z.number(expecting(expected)).min(0, expecting(expected)).max(1, expecting(expected));
};

/** 0 < x ≤ 1 */
export const positiveShare = (expected = 'a number above 0 and up to 1') =>
  z.number(expecting(expected)).gt(0, expecting(expected)).max(1, expecting(expected));

export const oneOf = <const Words extends readonly [string, ...string[]]>(words: Words) =>
  z.enum(words, expecting(words.length === 1 ? words[0] : `one of ${words.join(', ')}`));

export const flag = () => z.boolean(expecting('true or false'));
export const pathOrNull = (what: string) => {
  const expected = `the path of a ${what}, or null`;
  return z
    .string(expecting(expected))
    .min(1, expecting(expected))
    .refine(isPath, expecting(expected))
    .nullable();
};

export const columnOrNull = () => {
  const expected = 'the name or the number of a column, or null';
  const number = z.int(expecting(expected)).min(1, expecting(expected));
  return z
    .union([number, z.string(expecting(expected)).min(1, expecting(expected))], expecting(expected))
    .nullable();
};

export const columnsOrNull = () => {
  const expected = 'the name or the number of a column, a list of them, or null';
  const number = z.int(expecting(expected)).min(1, expecting(expected));
  const name = z.string(expecting(expected)).min(1, expecting(expected));
  const several = z.array(z.union([number, name], expecting(expected)), expecting(expected));
  return z.union([number, name, several.min(1, expecting(expected))], expecting(expected)).nullable();
};

/** A mapping of keys. It may be left out as a whole, because every key has a default. */
export const section = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'invalid_type' ? `a mapping with keys ${Object.keys(shape).join(', ')}` : undefined,
  });

/** A mapping whose `name` decides which other keys it has. */
export const choiceError = (names: readonly string[]) => (issue: { code?: string | undefined }) =>
  issue.code === 'invalid_type'
    ? 'a name, or a mapping with a name and its keys'
    : `one of ${names.join(', ')}`;
