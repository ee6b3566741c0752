/** Damage to the bytes of a file, whatever its format. */

/** Draws from 0 to below n. */
export type Below = (n: number) => number;

/** How many kinds `damageBytes` has. */
export const byteDamages = 5;

/** `kind`: the rest is lost, a bit changes, a byte changes, `some` bytes from `at` come twice, or are lost. */
export function damageBytes(
  kind: number,
  bytes: Uint8Array,
  at: number,
  some: number,
  below: Below,
): Uint8Array {
  switch (kind) {
    case 0:
      return bytes.slice(0, at);
    case 1:
      bytes[at] ^= 1 << below(8);
      return bytes;
    case 2:
      bytes[at] = below(256);
      return bytes;
    case 3:
      return inserted(bytes, at, bytes.slice(at, at + some));
    default:
      return joined(bytes.subarray(0, at), bytes.subarray(at + some));
  }
}

export const inserted = (bytes: Uint8Array, at: number, added: Uint8Array): Uint8Array =>
  joined(bytes.subarray(0, at), added, bytes.subarray(at));

export const joined = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));

/** A length or a number of up to eight bytes, all of them full. */
export const longNumber = (below: Below): Uint8Array =>
  Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255, 255, 1).slice(below(9));
