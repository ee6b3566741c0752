/** The kernels of a first layer on pixels, chosen by its width from measurements. */

export interface FirstLayerChoice {
  /** The row applies to widths up to this one. */
  readonly outputs: number;
  /** Share of non-zero pixels up to which sparse rows are faster than dense ones on one and on two threads. */
  readonly sparseUpTo: number;
  /** How the gradient of sparse rows is summed: row by row, or from the batch turned into columns. */
  readonly gradient: 'scattered' | 'gathered';
}

/**
 * `npm run bench -- packing` crosses at 0.69 and 0.63 for 196-128-10, at 0.60 and 0.61 for 784-256-128-10; turning rows
 * into columns pays from the third panel of 64 on (`npm run bench -- engine --kernels`, LOG.md).
 */
const measured: readonly FirstLayerChoice[] = [
  { outputs: 128, sparseUpTo: 0.63, gradient: 'scattered' },
  { outputs: Number.POSITIVE_INFINITY, sparseUpTo: 0.6, gradient: 'gathered' },
];

/** Multiplications with dense inputs in the time of one with an entry of a sparse row. */
const entryCost = 3;

/** Whether rows of a table, of so many entries, become sparse rows in a step, or dense inputs. */
export const takesEntries = (entries: number, features: number): boolean => entries * entryCost < features;

export function chooseFirstLayer(outputs: number): FirstLayerChoice {
  return measured.find((row) => outputs <= row.outputs) ?? measured[measured.length - 1];
}
