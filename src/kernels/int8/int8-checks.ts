/** The kernels of integer networks against plain TypeScript: equal bits, at the greatest weights and inputs too. */
import { reservedBytes } from '../../memory/arena.js';
import { powerOfTwo } from '../../numbers/elementary.js';
import {
  entryBytes,
  type Int8Forward,
  type Int8Kernels,
  mostPair,
  placePanel,
  slotsInLine,
  slotsOfImage,
} from './int8-kernels.js';
import * as reference from './int8-reference.js';

export interface Int8CheckSize {
  readonly rows: number;
  readonly inputs: number;
  readonly seed: number;
}

/** The kernels that differ from their definition; none if all is well. */
export type Int8CheckResult = readonly (keyof Int8Kernels)[];

const selfTestSize: Int8CheckSize = { rows: 5, inputs: 37, seed: 1 };

/** Regions of the memory, one after the other, and random numbers. */
class Room {
  readonly buffer: ArrayBufferLike;
  #top = reservedBytes;
  #state: number;

  constructor(memory: WebAssembly.Memory, seed: number) {
    this.buffer = memory.buffer;
    this.#state = seed;
  }

  below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * limit);
  }

  take(bytes: number): number {
    const at = this.#top;
    this.#top = (at + bytes + 127) & ~127;
    if (this.#top > this.buffer.byteLength) throw new RangeError('the memory of the check is too small');
    return at;
  }

  floats(count: number): Float32Array {
    return new Float32Array(this.buffer, this.take(count * 4), count);
  }

  bytes(count: number): Uint8Array {
    return new Uint8Array(this.buffer, this.take(count + 16), count);
  }
}

/** Runs every check; `memory` is overwritten from its start. */
export function checkInt8(
  kernels: Int8Kernels,
  memory: WebAssembly.Memory,
  size = selfTestSize,
): Int8CheckResult {
  const wrong = new Set<keyof Int8Kernels>();
  for (const extreme of [false, true]) {
    checkBytes(kernels, new Room(memory, size.seed), size, extreme, wrong);
    checkUnits(kernels, new Room(memory, size.seed), size, wrong);
    checkImages(kernels, new Room(memory, size.seed), size, wrong);
  }
  return [...wrong];
}

/** Bytes as read through both layers; `extreme`: all 255, and the greatest weights that may be neighbours. */
function checkBytes(
  kernels: Int8Kernels,
  room: Room,
  { rows, inputs }: Int8CheckSize,
  extreme: boolean,
  wrong: Set<keyof Int8Kernels>,
): void {
  const bytes = room.bytes(rows * inputs);
  // Blanks are as frequent as in images.
  for (let i = 0; i < bytes.length; i++) bytes[i] = extreme ? 255 : Math.max(0, room.below(512) - 256);
  const scale = extreme ? 1 : Math.fround(0.0078);
  const lists = takeLists(room, rows, inputs);
  const to = [lists.entries, lists.starts.byteOffset, lists.rowScales.byteOffset] as const;
  const unit = room.floats(1).fill(scale).byteOffset;
  kernels.packBytes(bytes.byteOffset, rows, inputs, 1, unit, ...to);
  const expected = Array.from({ length: rows }, (_, row) => ({
    inputs: reference.halved(bytes.subarray(row * inputs, (row + 1) * inputs)),
    scale,
  }));
  if (!sameRows(room, lists, inputs, expected)) wrong.add('packBytes');
  for (const [panel, names] of [
    [64, ['forward64', 'forwardDots64']],
    [16, ['forward16', 'forwardDots16']],
  ] as const) {
    const layer = randomLayer(room, panel, inputs, extreme);
    const weights = new Int8Array(room.buffer, room.take(Math.ceil(inputs / 4) * 4 * panel));
    placePanel(
      layer.values,
      layer,
      { first: 0, panel },
      { slots: slotsInLine(inputs), halves: kernels.hasHalves() === 1 },
      weightsOf(weights, inputs, panel),
    );
    const out = room.floats(rows * panel);
    for (const name of names)
      for (const isRelu of [0, 1]) {
        const forward: Int8Forward = kernels[name];
        const vectors = [
          layer.scales.byteOffset,
          layer.biases.byteOffset,
          lists.rowScales.byteOffset,
        ] as const;
        out.fill(Number.NaN);
        forward(
          lists.starts.byteOffset,
          rows,
          weights.byteOffset,
          ...vectors,
          out.byteOffset,
          panel * 4,
          isRelu,
        );
        const isRight = expected.every((row, r) =>
          reference.forward(layer, row, isRelu === 1).every((value, unit) => value === out[r * panel + unit]),
        );
        if (!isRight) wrong.add(name);
      }
  }
}

const weightsOf = (memory: Int8Array, inputs: number, panel: number) =>
  memory.subarray(0, Math.ceil(inputs / 4) * 4 * panel);

/** Units of layers to inputs: one row is blank. */
function checkUnits(
  kernels: Int8Kernels,
  room: Room,
  { rows, inputs }: Int8CheckSize,
  wrong: Set<keyof Int8Kernels>,
): void {
  const width = Math.ceil(inputs / 16) * 16;
  const units = room.floats(rows * width);
  for (let i = 0; i < units.length; i++)
    units[i] = i < width ? 0 : Math.max(0, (room.below(2 ** 20) - 2 ** 19) / powerOfTwo(i % 23));
  const lists = takeLists(room, rows, width);
  const to = [lists.entries, lists.starts.byteOffset, lists.rowScales.byteOffset] as const;
  kernels.packUnits(units.byteOffset, rows, width, width * 4, ...to);
  const expected = Array.from({ length: rows }, (_, row) =>
    reference.quantisedUnits(units.slice(row * width, (row + 1) * width)),
  );
  if (!sameRows(room, lists, width, expected)) wrong.add('packUnits');
}

/** Grey images of an even width, as squares of 2 × 2 pixels. */
function checkImages(
  kernels: Int8Kernels,
  room: Room,
  { rows, inputs }: Int8CheckSize,
  wrong: Set<keyof Int8Kernels>,
): void {
  const [height, width] = [4, 2 * Math.ceil(inputs / 8)];
  const size = height * width;
  const slots = slotsOfImage(height, width);
  const pixels = room.bytes(rows * size);
  for (let i = 0; i < pixels.length; i++) pixels[i] = Math.max(0, room.below(512) - 256);
  const lists = takeLists(room, rows, slots.count);
  const unit = room.floats(1).fill(1).byteOffset;
  const to = [lists.entries, lists.starts.byteOffset, lists.rowScales.byteOffset] as const;
  kernels.packImages(pixels.byteOffset, rows, height, width, unit, ...to);
  const expected = Array.from({ length: rows }, (_, row) => {
    const placed = new Uint8Array(slots.count);
    reference.halved(pixels.subarray(row * size, (row + 1) * size)).forEach((value, i) => {
      placed[slots.of(i)] = value;
    });
    return { inputs: placed, scale: 1 };
  });
  if (!sameRows(room, lists, slots.count, expected)) wrong.add('packImages');
}

interface Lists {
  readonly entries: number;
  readonly starts: Uint32Array;
  readonly rowScales: Float32Array;
}

function takeLists(room: Room, rows: number, inputs: number): Lists {
  const quads = Math.ceil(inputs / 16) * 4 + 1;
  return {
    entries: room.take(rows * quads * entryBytes + 64),
    starts: new Uint32Array(room.buffer, room.take((rows + 1) * 4), rows + 1),
    rowScales: room.floats(rows),
  };
}

/** Whether the lists hold the rows, an even number of quads each. */
function sameRows(
  room: Room,
  { starts, rowScales }: Lists,
  inputs: number,
  expected: readonly reference.Row[],
): boolean {
  const words = new Uint32Array(room.buffer);
  const bytes = new Uint8Array(room.buffer);
  return expected.every((row, r) => {
    const got = new Uint8Array(Math.ceil(inputs / 16) * 16);
    for (let entry = starts[r]; entry < starts[r + 1]; entry += entryBytes)
      for (let i = 0; i < 4; i++) got[(words[entry / 4] >> 8) * 4 + i] += bytes[entry + 4 + i];
    const isEven = (starts[r + 1] - starts[r]) % (2 * entryBytes) === 0;
    return isEven && rowScales[r] === row.scale && row.inputs.every((value, i) => value === got[i]);
  });
}

function randomLayer(room: Room, outputs: number, inputs: number, extreme: boolean): reference.Int8Layer {
  const values = new Int8Array(outputs * inputs);
  for (let o = 0; o < outputs; o++)
    for (let i = 0; i < inputs; i++) {
      const most = i % 2 === 0 ? 127 : mostPair - Math.abs(values[o * inputs + i - 1]);
      const magnitude = Math.min(most, 127);
      values[o * inputs + i] = extreme
        ? (o % 2 === 0 ? 1 : -1) * magnitude
        : Math.min(Math.max(room.below(200) - 100, -magnitude), magnitude);
    }
  const scales = room.floats(outputs).map((_, o) => Math.fround(0.001 + o / 1000));
  const biases = room.floats(outputs);
  const stored = room.floats(outputs);
  stored.set(scales);
  for (let o = 0; o < outputs; o++) biases[o] = room.below(1000) / 100 - 5;
  return { outputs, inputs, values, scales: stored, biases };
}
