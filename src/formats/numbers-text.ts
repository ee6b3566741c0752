/** Arrays of numbers as text: base64 of little-endian values. */

export type NumbersType = 'uint8' | 'float32' | 'float64';

export interface NumbersText {
  readonly type: NumbersType;
  readonly base64: string;
}

/** Characters that are made at a time. */
const chunk = 0x2000;

/** Float64 whose values are all float32 are written as such. */
export function encodeNumbers(values: Uint8Array | Float32Array | Float64Array): NumbersText {
  const isShort =
    values instanceof Float64Array && values.every((value) => Object.is(Math.fround(value), value));
  const stored = isShort ? Float32Array.from(values) : values;
  const [type, size] =
    stored instanceof Uint8Array
      ? (['uint8', 1] as const)
      : stored instanceof Float32Array
        ? (['float32', 4] as const)
        : (['float64', 8] as const);
  const view = new DataView(new ArrayBuffer(stored.length * size));
  for (let i = 0; i < stored.length; i++)
    if (size === 1) view.setUint8(i, stored[i]);
    else if (size === 4) view.setFloat32(4 * i, stored[i], true);
    else view.setFloat64(8 * i, stored[i], true);
  const bytes = new Uint8Array(view.buffer);
  let characters = '';
  for (let at = 0; at < bytes.length; at += chunk)
    characters += String.fromCharCode(...bytes.subarray(at, at + chunk));
  return { type, base64: btoa(characters) };
}

/** Refers to nothing outside, because `.mjs` files contain its text. Throws for a text that is not base64. */
export function decodeNumbers(type: NumbersType, base64: string): Uint8Array | Float32Array | Float64Array {
  const characters = atob(base64);
  const bytes = new Uint8Array(characters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = characters.charCodeAt(i);
  if (type === 'uint8') return bytes;
  const view = new DataView(bytes.buffer);
  if (type === 'float32')
    return Float32Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
  return Float64Array.from({ length: bytes.length / 8 }, (_, i) => view.getFloat64(8 * i, true));
}
