/** Packs prepared data into the shared memory that a plan lays out. */

import type { PartName } from '../data/dataset.js';
import { packDense } from '../data/packing.js';
import type { TargetValues } from '../data/target.js';
import { describeModel } from '../data/transforms/directions/describe-model.js';
import { fillImages } from '../data/transforms/directions/images.js';
import type { Pipeline } from '../data/transforms/pipeline.js';
import type { RowSource, RowsOnDemand } from '../data/transforms/rows-on-demand.js';
import { sizeOf, storedValues, type Values } from '../data/transforms/transform.js';
import type { RowPacker } from '../kernels/row-packer.js';
import { packSparse } from '../kernels/sparse-rows.js';
import { packStored, StoredTexts } from '../kernels/stored-texts.js';
import type { Region } from '../memory/arena.js';
import { atOnce, rowsAStep, type Steps } from '../numbers/steps.js';
import type { Plan } from './plan.js';

export interface PreparedPart {
  /** The samples to pack; plain images if direction features are made of them during the run. */
  readonly values: Values;
  /** Values are as the network sees them. */
  readonly targets: TargetValues;
}

export interface PreparedParts {
  /** Fitted on the training samples, or restored. */
  readonly pipeline: Pipeline;
  readonly parts: Readonly<Record<PartName, PreparedPart>>;
}

const partNames = ['train', 'validation', 'test'] as const;

/** Writes everything that stays constant during a session, without a pause: the parts and the shift. */
export function fillMemory(plan: Plan, prepared: PreparedParts, memory: WebAssembly.Memory): void {
  fillConstants(plan, prepared, memory);
  atOnce(fillingSamples(plan, prepared, memory, null));
}

/** Writes what is no sample: the shift, the targets, the order of the file. A backend may read it when it is opened. */
export function fillConstants(
  plan: Plan,
  { pipeline, parts }: PreparedParts,
  memory: WebAssembly.Memory,
): void {
  const { buffer } = memory;
  const { regions } = plan;
  const { shift } = pipeline.affine;
  if (plan.directions === null) new Float32Array(buffer, regions.shift.offset, shift.length).set(shift);
  else describeModel(plan, plan.directions, memory);
  fillBlocks(plan, pipeline, memory);
  const identity = new Int32Array(buffer, regions.identity.offset, regions.identity.bytes / 4);
  for (let i = 0; i < identity.length; i++) identity[i] = i;
  for (const name of partNames) {
    const { targets } = parts[name];
    const { offset } = plan.parts[name].targets;
    if (targets instanceof Float32Array) new Float32Array(buffer, offset, targets.length).set(targets);
    else new Int32Array(buffer, offset, targets.length).set(targets);
  }
}

/** How rows of a table become inputs. */
export function fillBlocks(
  { regions, input }: Plan,
  { encoding }: Pipeline,
  { buffer }: WebAssembly.Memory,
): void {
  if (encoding === null) return;
  new Float32Array(buffer, regions.blocks.offset).set(encoding.blocks);
  const { offset, bytes } = regions.rangeEnds;
  new Int32Array(buffer, offset, bytes / 4).set(input.rangeEnds.slice(0, bytes / 4));
}

/**
 * Writes the samples, which nothing reads before the first command. `packer`: null on platforms without kernels. `moves`: rows
 * of a table leave the memory of its columns, and are read where they are packed.
 */
export function* fillingSamples(
  plan: Plan,
  { parts, pipeline }: PreparedParts,
  memory: WebAssembly.Memory,
  packer: RowPacker | null,
  moves = false,
): Steps<void> {
  const { buffer } = memory;
  const { input } = plan;
  const onDemand: PlacedRows[] = [];
  for (const name of partNames) {
    const part = parts[name];
    const { values, starts } = plan.parts[name];
    if (plan.directions !== null) {
      fillImages(plan.directions, name, part.values, part.targets, buffer);
    } else if (input.packing === 'sparse' && pipeline.encoding !== null) {
      yield* packingTexts(part.values, pipeline.encoding.blocks, plan, buffer, plan.parts[name]);
    } else if (input.packing === 'sparse') {
      yield* packingSparse(part.values, plan, buffer, values.offset, starts, packer);
    } else {
      const width = input.packing === 'encoded' ? input.storedWidth : input.width;
      const out =
        input.packing === 'real' || input.packing === 'encoded'
          ? new Float32Array(buffer, values.offset, values.bytes / 4)
          : new Uint16Array(buffer, values.offset, values.bytes / 2);
      const { rows } = part.values;
      if (rows !== undefined && out instanceof Float32Array) {
        onDemand.push({ rows, out: out.subarray(0, rows.places.length * width), next: rows.places.length });
        continue;
      }
      for (const { first, rows } of rowsInSteps(part.values)) {
        packDense(rows, out.subarray(first * width), width);
        yield null;
      }
    }
  }
  yield* writingRows(onDemand, moves);
}

interface PlacedRows {
  readonly rows: RowsOnDemand;
  /** f32 [rows][width] */
  readonly out: Float32Array;
  /** The rows from here on are written. */
  next: number;
}

/** From the last row of each source to its first, so that its memory can be given back from the end. */
function* writingRows(placed: readonly PlacedRows[], moves: boolean): Steps<void> {
  for (const { rows, out } of placed) if (rows.isMoved) out.set(rows.all());
  const waiting = placed.filter(({ rows }) => !rows.isMoved);
  const sources = new Map(
    waiting.map(({ rows: { source } }): [object, RowSource] => [source.origin, source]),
  );
  for (const [origin, source] of sources) {
    const own = waiting.filter(({ rows }) => rows.source.origin === origin);
    const step = rowsAStep(Math.max(...own.map(({ rows }) => rows.width)));
    for (let end = source.count; end > 0; end -= step) {
      const start = Math.max(0, end - step);
      for (const part of own) {
        const { rows, out } = part;
        let first = part.next;
        while (first > 0 && rows.places[first - 1] >= start) first -= 1;
        rows.write(first, part.next, out.subarray(first * rows.width, part.next * rows.width));
        part.next = first;
      }
      if (moves) source.cut(start);
      yield null;
    }
  }
  if (waiting.some(({ next }) => next > 0))
    throw new Error('rows of a table that their source does not have');
  if (moves) for (const { rows, out } of waiting) rows.movedTo(out);
}

/** The rows of a part, in blocks that take some milliseconds each. */
function* rowsInSteps({
  values,
  count,
  shape,
  full,
}: Values): Generator<{ readonly first: number; readonly rows: Values }> {
  const size = sizeOf(shape);
  const most = rowsAStep(size);
  for (let first = 0; first < count; first += most) {
    const rows = Math.min(most, count - first);
    yield {
      first,
      rows: { values: values.subarray(first * size, (first + rows) * size), count: rows, shape, full },
    };
  }
}

/** Stored rows with texts. The rows of each step follow those of the step before. */
function* packingTexts(
  values: Values,
  blocks: Float32Array,
  { input }: Plan,
  buffer: ArrayBufferLike,
  { values: { offset }, starts }: { readonly values: Region; readonly starts: Region },
): Steps<void> {
  const addresses = new Uint32Array(buffer, starts.offset, starts.bytes / 4);
  const ranges = input.rangeEnds.length;
  const texts = new StoredTexts(blocks);
  addresses[0] = offset;
  for (const { first, rows } of rowsInSteps(values)) {
    const own = addresses.subarray(first * ranges);
    const stored = { values: storedValues(rows.values), count: rows.count, fields: input.storedWidth };
    packStored(texts, stored, input, buffer, own[0], own);
    yield null;
  }
}

/** The rows of each step follow those of the step before. */
function* packingSparse(
  values: Values,
  { input }: Plan,
  buffer: ArrayBufferLike,
  offset: number,
  starts: Region,
  packer: RowPacker | null,
): Steps<void> {
  const addresses = new Uint32Array(buffer, starts.offset, starts.bytes / 4);
  const ranges = input.rangeEnds.length;
  addresses[0] = offset;
  for (const { first, rows } of rowsInSteps(values)) {
    const own = addresses.subarray(first * ranges);
    const data = { ...rows, width: input.features };
    const behind = values.count - first - rows.count;
    if (packer?.packs(data.values, data.width, behind, ranges))
      packer.pack({ ...data, values: data.values }, input, own[0], own);
    else packSparse(data, input, buffer, own[0], own);
    yield null;
  }
}
