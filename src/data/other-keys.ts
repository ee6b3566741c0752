/** Keys of the objects that a program passes. */
import { UserError } from '../user-error.js';
import { refused } from './memory-inputs.js';

/** @throws UserError: a misspelt key is not silently left out. */
export function refuseOtherKeys(name: string, given: unknown, known: readonly string[]): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw UserError.refusal(name, `an object with the keys ${known.join(', ')}`, given);
  const other = Object.keys(given).find((key) => !known.includes(key));
  if (other !== undefined)
    throw refused(`${name}.${other}`, `one of the keys ${known.join(', ')}`, `"${other}"`);
}
