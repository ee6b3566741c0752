/** The intervals of a table's metrics, computed by a module that only tables load. */
import type { Config } from '../config/schema.js';
import type { Intervals } from '../metrics/intervals.js';
import type { Judged } from '../metrics/judged.js';

/** Null of other sets, and without test rows whose outputs are known. */
export async function testIntervalOf({ data }: Config, judged: Judged | null): Promise<Intervals | null> {
  if (judged === null || data.set !== 'table') return null;
  const { intervalsOf } = await import('../metrics/intervals.js');
  return intervalsOf(judged);
}
