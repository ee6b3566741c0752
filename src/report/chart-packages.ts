/**
 * The packages that draw charts. They are optional: `npm i shardstep` leaves them out, for they are larger than the rest.
 * The modules that import them are loaded only after `missingCharts` has found them.
 */
const names = ['@observablehq/plot', 'linkedom'];

/** Null if charts can be drawn, else what to do about it. */
export async function missingCharts(): Promise<string | null> {
  try {
    await Promise.all(names.map((name) => import(name)));
    return null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    return `needs ${names.join(' and ')}: npm i ${names.join(' ')}`;
  }
}
