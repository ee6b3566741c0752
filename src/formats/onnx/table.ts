/**
 * Rows of a table with ONNX operators: from columns to stored rows, and from these to inputs. Blocks of a kind are computed
 * together: their fields are gathered, their parameters are vectors, so that a table of many columns has few nodes.
 */
import type { TableBlock } from '../../kernels/expansion.js';
import type { Op } from '../../model/op.js';
import { Expressions } from './lowering.js';
import { Element } from './schema.js';

type Of<Name extends Op['op']> = Extract<Op, { readonly op: Name }>;

/** Columns of a matrix, at these places. */
function gathered(e: Expressions, value: string, places: readonly number[]): string {
  return e.node('Gather', [value, e.builder.constant('int64', places)], { axis: 1 });
}

const concatenated = (e: Expressions, parts: readonly string[]): string =>
  parts.length === 1 ? parts[0] : e.node('Concat', parts, { axis: 1 });

const row = (e: Expressions, name: string, values: readonly number[]) =>
  e.array(name, [values.length], values);

const isMissing = (e: Expressions, value: string) => e.node('IsNaN', [value]);

/** f32 from a condition. */
const flag = (e: Expressions, condition: string) => e.cast(condition, Element.float);

/** [N, columns] to [N, fields]. */
export function pickFields(e: Expressions, value: string, { columns, parts }: Of<'fields'>): string {
  const made: string[] = [];
  const order: number[] = [];
  for (const part of ['value', 'year', 'week', 'day'] as const) {
    const those = parts.flatMap((each, field) => (each === part ? [field] : []));
    if (those.length === 0) continue;
    const given = gathered(
      e,
      value,
      those.map((field) => columns[field]),
    );
    made.push(part === 'value' ? given : dayPart(e, given, part));
    order.push(...those);
  }
  const places = order.map((_, field) => order.indexOf(field));
  return gathered(e, concatenated(e, made), places);
}

/** See partOf of tables/dates-in-cells.ts. Whole numbers of days are exact in float32. */
function dayPart(e: Expressions, given: string, part: 'year' | 'week' | 'day'): string {
  const day = e.floor(given);
  const whole = (a: string, by: number) => e.floor(e.div(a, by));
  const rest = (a: string, by: number) => e.sub(a, e.mul(whole(a, by), by));
  if (part === 'day') return e.mul(e.sub(given, day), 24);
  if (part === 'week') return rest(e.add(day, 6), 7);
  // The month from days since 0000-03-01, in eras of 400 years.
  const dayOfEra = rest(e.add(day, 730_425), 146_097);
  const leap = e.sub(
    e.add(e.sub(dayOfEra, whole(dayOfEra, 1460)), whole(dayOfEra, 36_524)),
    whole(dayOfEra, 146_096),
  );
  const year = whole(leap, 365);
  const before = e.sub(e.add(e.mul(year, 365), whole(year, 4)), whole(year, 100));
  const dayOfYear = e.sub(dayOfEra, before);
  const month = whole(e.add(e.mul(dayOfYear, 5), 2), 153);
  const dayOfMonth = e.sub(dayOfYear, whole(e.add(e.mul(month, 153), 2), 5));
  return e.add(rest(e.add(month, 2), 12), e.div(dayOfMonth, 31));
}

/** [N, fields] to [N, inputs]. */
export function expandRows(e: Expressions, stored: string, { width, blocks }: Of<'expand'>): string {
  const made: string[] = [];
  const places: number[] = [];
  const add = (value: string, at: readonly number[]) => {
    made.push(value);
    places.push(...at);
  };
  const of = (op: TableBlock['op']) => blocks.filter((block) => block.op === op);
  const fieldsOf = (those: readonly TableBlock[]) => those.map(({ field }) => field);
  const range = (at: number, count: number) => Array.from({ length: count }, (_, i) => at + i);
  /** The numbers of blocks, [N, blocks], with their fills. */
  const filled = (those: readonly TableBlock[]) => {
    const given = gathered(e, stored, fieldsOf(those));
    const fills = row(
      e,
      'fill',
      those.map(({ fill }) => fill),
    );
    return e.node('Where', [isMissing(e, given), fills, given]);
  };
  const scaled = (those: readonly TableBlock[]) => {
    const [shift, scale] = [0, 1].map((which) =>
      row(
        e,
        ['block_shift', 'block_scale'][which],
        those.map(({ parameters }) => parameters[which]),
      ),
    );
    return e.mul(e.sub(filled(those), shift), scale);
  };
  const linear = of('linear');
  if (linear.length > 0)
    add(
      scaled(linear),
      linear.map(({ at }) => at),
    );
  const missing = of('missing');
  if (missing.length > 0)
    add(
      flag(e, isMissing(e, gathered(e, stored, fieldsOf(missing)))),
      missing.map(({ at }) => at),
    );
  const bins = of('bins').filter(({ count }) => count > 0);
  if (bins.length > 0)
    add(
      shares(e, filled(bins), bins),
      bins.flatMap(({ at, count }) => range(at, count)),
    );
  for (const block of of('curve')) add(onCurve(e, filled([block]), block), [block.at]);
  const cycles = of('cycle');
  if (cycles.length > 0) {
    const periods = row(
      e,
      'period',
      cycles.map(({ parameters }) => parameters[0]),
    );
    addCircle(
      e.div(filled(cycles), periods),
      cycles.map(({ at }) => at),
      cycles.map(({ at }) => at + 1),
    );
  }
  const periodic = of('periodic').filter(({ count }) => count > 0);
  if (periodic.length > 0) {
    const repeated = periodic.flatMap(({ count }, place) => new Array<number>(count).fill(place));
    const frequencies = periodic.flatMap(({ tensors }) => [...tensors[0]]);
    // In float64, so that large products keep their place on the circle.
    const wide = new Expressions(e.builder, 'double');
    const z = wide.cast(gathered(e, scaled(periodic), repeated), Element.double);
    const turns = wide.mul(z, row(wide, 'frequency', frequencies));
    addCircle(
      e.cast(wide.sub(turns, wide.floor(turns)), Element.float),
      periodic.flatMap(({ at, count }) => range(at, count)),
      periodic.flatMap(({ at, count }) => range(at + count, count)),
    );
  }
  addCategories(of('one-hot'));
  return gathered(e, concatenated(e, made), inverseOf(places, width));

  /** `turns`: of the circle; whole ones are taken off, so that float32 keeps the place on it. */
  function addCircle(turns: string, cosines: readonly number[], sines: readonly number[]): void {
    const angle = e.mul(e.sub(turns, e.floor(turns)), 2 * Math.PI);
    add(e.node('Cos', [angle]), cosines);
    add(e.node('Sin', [angle]), sines);
  }

  function addCategories(those: readonly TableBlock[]): void {
    const each = those.filter(({ count }) => count > 0);
    const numbers = each.flatMap(({ count }) => range(1, count));
    if (each.length > 0) {
      const owners = each.flatMap(({ field, count }) => new Array<number>(count).fill(field));
      const same = e.node('Equal', [gathered(e, stored, owners), row(e, 'category', numbers)]);
      add(
        flag(e, same),
        each.flatMap(({ at, count }) => range(at, count)),
      );
    }
    const rare = those.filter(({ parameters }) => parameters[0] !== 0);
    if (rare.length > 0) {
      const given = gathered(e, stored, fieldsOf(rare));
      // A missing one counts as rare if it has no input of its own.
      const fills = rare.map(({ parameters }) => (parameters[1] !== 0 ? Number.NaN : 0));
      const counts = rare.map(({ count }) => count);
      const value = e.node('Where', [isMissing(e, given), row(e, 'rare_fill', fills), given]);
      const below = e.node('Less', [value, 1]);
      const above = e.node('Greater', [value, row(e, 'categories', counts)]);
      add(
        flag(e, e.node('Or', [below, above])),
        rare.map(({ at, count }) => at + count),
      );
    }
    const lacking = those.filter(({ parameters }) => parameters[1] !== 0);
    if (lacking.length > 0)
      add(
        flag(e, isMissing(e, gathered(e, stored, fieldsOf(lacking)))),
        lacking.map(({ at, count, parameters }) => at + count + (parameters[0] !== 0 ? 1 : 0)),
      );
  }
}

/** Where each input is among those made. */
function inverseOf(places: readonly number[], width: number): number[] {
  const found = new Array<number>(width).fill(0);
  places.forEach((at, place) => {
    found[at] = place;
  });
  return found;
}

/** How much of each range lies below the number: [N, all ranges]. `filled`: [N, blocks]. */
function shares(e: Expressions, filled: string, blocks: readonly TableBlock[]): string {
  const owners = blocks.flatMap(({ count }, place) => new Array<number>(count).fill(place));
  const edges = blocks.map(({ tensors }) => tensors[0]);
  const low = edges.flatMap((each) => [...each.subarray(0, -1)]);
  const sizes = edges.flatMap((each) =>
    Array.from(each.subarray(1), (edge, bin) => Math.fround(edge - each[bin])),
  );
  const above = e.sub(gathered(e, filled, owners), row(e, 'edge', low));
  return e.clip(e.div(above, row(e, 'range', sizes)), 0, 1);
}

/** The first value and a share of each step: [N, 1]. */
function onCurve(e: Expressions, filled: string, block: TableBlock): string {
  const [x, y] = block.tensors;
  const segments = block.count - 1;
  if (segments === 0) return e.add(e.mul(filled, 0), y[0]);
  const steps = Float32Array.from({ length: segments }, (_, i) => y[i + 1] - y[i]);
  const parts = shares(e, filled, [{ ...block, count: segments, tensors: [x] }]);
  return e.add(e.node('MatMul', [parts, e.array('steps', [segments, 1], steps)]), y[0]);
}

export function exponential(e: Expressions, value: string, { which }: Of<'exp'>): string {
  if (which.every((is) => is === 1)) return e.node('Exp', [value]);
  const places = [...which.keys()];
  const [raised, kept] = [1, 0].map((is) => places.filter((k) => which[k] === is));
  if (raised.length === 0) return value;
  const both = e.node('Concat', [e.node('Exp', [gathered(e, value, raised)]), gathered(e, value, kept)], {
    axis: 1,
  });
  return gathered(e, both, inverseOf([...raised, ...kept], which.length));
}
