/** The licences of packages that the project takes. Another one is a decision: is it compatible with MIT, and for what use? */

/** Of packages that are installed with shardstep, or of which it contains parts. */
export const distributable = ['MIT', 'ISC', 'Apache-2.0'];

/** Of those that only developers, or users of optional features, install themselves. */
export const usable = [
  ...distributable,
  ...['0BSD', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0', 'Unlicense'],
  // libvips, which sharp loads as a library of its own.
  'LGPL-3.0-or-later',
];

/** The licences of an SPDX expression that are not in the list: all must be, also of those joined by OR. */
export function others(expression: unknown, allowed: readonly string[]): string[] {
  if (typeof expression !== 'string' || expression === '')
    return [`no licence: ${JSON.stringify(expression)}`];
  return expression.split(/ AND | OR |[()]/).filter((id) => id !== '' && !allowed.includes(id.trim()));
}
