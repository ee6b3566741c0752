/** Damage to the bytes of a valid file: bits, lengths, chunks, numbers, words, depth. The same draws give the same file. */

import { type Below, byteDamages, damageBytes, inserted, joined, longNumber } from '../byte-damage.ts';

/** Longest repetition that is inserted: deep enough for every stack of a parser, cheap to make. */
const deepest = 30_000;

const numbers = [
  ...[
    '0',
    '-1',
    '1',
    '255',
    '256',
    '65536',
    '2147483648',
    '4294967296',
    '9007199254740993',
    '1e308',
    '1e999',
  ],
  ...['-0', '.5', '0x10', 'NaN', 'Infinity', 'null', '""', '{}', '[]', '1'.repeat(400)],
];

const words = [
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype', 'length', '__metadata__'],
  ...['true', 'null', '', '\u0000', '\ufeff', '\u202e', 'ÿ', '"', "'", '\\', '\r', '\r\n', '\n\n', '\t', ','],
  ...['&a', '*a', '<<', '!!binary', '---', '...', '%YAML 9.9', '? ', '|', '#'],
];

const nests = ['[', '{"a":', '{a: ', '- ', '"', '\n', ' ', ',', '[[1],', '\u00ff'];

export function mutated(seed: Uint8Array, others: readonly Uint8Array[], below: Below): Uint8Array {
  // One damage reaches deeper than several.
  const times = Math.max(1, below(6) - 2);
  let bytes: Uint8Array = seed.slice();
  for (let i = 0; i < times; i++) bytes = damage(bytes, others, below);
  return bytes;
}

function damage(bytes: Uint8Array, others: readonly Uint8Array[], below: Below): Uint8Array {
  const { length } = bytes;
  if (length === 0) return Uint8Array.of(below(256));
  // Headers are at the start: they are met as often as all the rest.
  const at = below(2) === 0 ? below(length) : below(Math.min(length, 64));
  const some = Math.min(length - at, 1 + below(below(2) === 0 ? 16 : length));
  const kind = below(15);
  if (kind < byteDamages) return damageBytes(kind, bytes, at, some, below);
  switch (kind) {
    case 5:
      bytes.fill(below(2) === 0 ? 255 : 0, at, at + some);
      return bytes;
    case 6:
      return withLength(bytes, at, below);
    case 7: {
      // The start of one file, the end of another.
      const other = others[below(others.length)];
      return joined(bytes.subarray(0, at), other.subarray(below(other.length + 1)));
    }
    case 8:
      return inserted(bytes, at, longNumber(below));
    case 9:
      return inserted(
        bytes,
        at,
        Buffer.from(nests[below(nests.length)].repeat(1 + below(below(20) === 0 ? deepest : 40))),
      );
    case 10:
    case 11:
      return otherToken(bytes, /-?\d+(?:\.\d+)?(?:e[-+]?\d+)?/g, numbers, below);
    case 12:
    case 13:
      return otherToken(bytes, /"?[A-Za-z_][\w.-]*"?/g, words, below);
    default:
      return otherLines(bytes, below);
  }
}

/** A length, count or offset of 2, 4 or 8 bytes, of either order, small or huge. */
function withLength(bytes: Uint8Array, at: number, below: Below): Uint8Array {
  const size = [2, 4, 8][below(3)];
  if (bytes.length < size) return bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const place = Math.min(at - (at % (below(2) === 0 ? size : 1)), bytes.length - size);
  const little = below(2) === 0;
  const value = [0n, 1n, 0x7fffn, 0xffffn, 0x7fffffffn, 0xffffffffn, 2n ** 53n, 2n ** 64n - 1n][below(8)];
  if (size === 2) view.setUint16(place, Number(value & 0xffffn), little);
  else if (size === 4) view.setUint32(place, Number(value & 0xffffffffn), little);
  else view.setBigUint64(place, value, little);
  return bytes;
}

/** A number or a word replaced by one of a list, or by that of another place. */
function otherToken(bytes: Uint8Array, pattern: RegExp, by: readonly string[], below: Below): Uint8Array {
  const text = Buffer.from(bytes).toString('latin1');
  const places = [...text.slice(0, 4096).matchAll(pattern)];
  if (places.length === 0) return bytes;
  const place = places[below(places.length)];
  const other =
    below(2) === 0 ? Buffer.from(by[below(by.length)]) : Buffer.from(places[below(places.length)][0]);
  return Uint8Array.from(
    Buffer.concat([bytes.subarray(0, place.index), other, bytes.subarray(place.index + place[0].length)]),
  );
}

/** Lines exchanged, repeated, left out, or with other endings. */
function otherLines(bytes: Uint8Array, below: Below): Uint8Array {
  const lines = Buffer.from(bytes).toString('latin1').split('\n');
  const [a, b] = [below(lines.length), below(lines.length)];
  switch (below(4)) {
    case 0:
      [lines[a], lines[b]] = [lines[b], lines[a]];
      break;
    case 1:
      lines.splice(a, 0, lines[b]);
      break;
    case 2:
      lines.splice(a, 1 + below(3));
      break;
    default:
      return Uint8Array.from(Buffer.from(lines.join(['\r\n', '\r', '\n\n'][below(3)]), 'latin1'));
  }
  return Uint8Array.from(Buffer.from(lines.join('\n'), 'latin1'));
}
