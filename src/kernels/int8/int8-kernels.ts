/**
 * The exports of the modules `int8.relaxed` and `int8.simd`: layers of integer networks. Pointers are byte offsets into
 * the shared memory; shapes and orderings are documented at each function in `assembly/int8`.
 */
export interface Int8Kernels {
  hasHalves(): number;
  packBytes(
    values: number,
    rows: number,
    width: number,
    halves: number,
    scale: number,
    entries: number,
    starts: number,
    rowScales: number,
  ): void;
  packImages(
    pixels: number,
    rows: number,
    height: number,
    width: number,
    scale: number,
    entries: number,
    starts: number,
    rowScales: number,
  ): void;
  packUnits(
    values: number,
    rows: number,
    width: number,
    rowBytes: number,
    entries: number,
    starts: number,
    rowScales: number,
  ): void;
  forward64: Int8Forward;
  forward16: Int8Forward;
  forwardDots64: Int8Forward;
  forwardDots16: Int8Forward;
}

export type Int8Forward = (
  starts: number,
  rows: number,
  weights: number,
  scale: number,
  bias: number,
  rowScales: number,
  out: number,
  outBytes: number,
  isRelu: number,
) => void;

/** The greatest value of an input: seven bits. */
export const mostInput = 127;

/**
 * The weights of two neighbouring inputs of a unit, whose products and those of two more the kernels add in 16 bits,
 * have magnitudes with at most this sum: 2 · 129 · 127 = 32,766.
 */
export const mostPair = 129;

/** Inputs of a quad, and bytes of an entry of a list of quads. */
export const quadInputs = 4;
export const entryBytes = 8;

/** Kernels write up to this many bytes after the last entry. */
export const entrySlack = 64;

export function instantiateInt8(module: WebAssembly.Module, memory: WebAssembly.Memory): Int8Kernels {
  // The module belongs to this package and its exports are checked by the self-test, so the shape is known here.
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Int8Kernels;
}

/** Where the inputs of a row are among the quads, four slots each. */
export interface Slots {
  readonly count: number;
  of(input: number): number;
}

/** One after the other, as packBytes and packUnits place them. */
export function slotsInLine(inputs: number): Slots {
  return { count: Math.ceil(inputs / quadInputs) * quadInputs, of: (input) => input };
}

/** Squares of 2 × 2 pixels, as packImages places them; height and width are even. */
export function slotsOfImage(height: number, width: number): Slots {
  return {
    count: height * width,
    of(input) {
      const x = input % width;
      const y = (input - x) / width;
      const quad = (y >> 1) * (width / 2) + (x >> 1);
      return quad * quadInputs + (y & 1) * 2 + (x & 1);
    },
  };
}

/**
 * Weights of `panel` (64 or 16) units from the unit `first`, as the kernels read them: i8 [quad][panel][4 inputs], or with
 * `halves` [quad][2][panel][2 inputs]. `values`: i8 [outputs][inputs]; units and inputs beyond the last are zero.
 */
export function placePanel(
  values: Int8Array,
  { outputs, inputs }: { readonly outputs: number; readonly inputs: number },
  { first, panel }: { readonly first: number; readonly panel: number },
  { slots, halves }: { readonly slots: Slots; readonly halves: boolean },
  out: Int8Array,
): void {
  out.fill(0);
  for (let input = 0; input < inputs; input++) {
    const slot = slots.of(input);
    const quad = (slot >> 2) * panel * quadInputs;
    for (let unit = first; unit < Math.min(outputs, first + panel); unit++) {
      const within = halves
        ? ((slot & 2) >> 1) * panel * 2 + (unit - first) * 2 + (slot & 1)
        : (unit - first) * quadInputs + (slot & 3);
      out[quad + within] = values[unit * inputs + input];
    }
  }
}
