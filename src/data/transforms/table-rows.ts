/**
 * Rows of a table as a transform: an encoder is fitted on the training rows, and categories get their numbers of it. The rows
 * are packed as they are stored; a table of blocks says how a kernel makes inputs of them in each step.
 */
import { blocksIn, isSound, tableSizes } from '../../kernels/expansion.js';
import { findTensor } from '../../model/parameters.js';
import { expectedGot, UserError } from '../../user-error.js';
import type { Encoding, Fitted, TransformKind } from './transform.js';

/** f32: see `kernels/expansion.ts`. */
export const blocksName = 'encoder.blocks';

export const tableRowsOf: TransformKind = {
  keys: [],
  of: ({ encoding }) => ({
    *fit(train) {
      if (train.table === undefined) throw new Error('rows of a table come with what fits their encoder');
      return fitted(yield* train.table.fit(train, encoding));
    },
    restore({ tensors, prefix, source }, { shape, table }) {
      // Rows that come with an encoder are encoded by it, also if it is restored.
      const name = prefix + blocksName;
      const stored = tensors.get(name);
      if (stored === undefined || table !== undefined) return null;
      const blocks = findTensor(tensors, name, [stored.data.length], source);
      if (!isSound(blocks) || tableSizes(blocks).fields !== shape[0]) {
        const expected = `blocks of rows of ${shape.join('×')} numbers`;
        throw new UserError(`${source}: ${name}: ${expectedGot(expected, stored.data.length)} numbers`);
      }
      return fitted({ blocks, json: '', tensors: new Map(), keepsValues: true, encode: (rows) => rows });
    },
  }),
};

function fitted(encoding: Encoding): Fitted {
  const { blocks, keepsValues, tensors } = encoding;
  return {
    output: [tableSizes(blocks).width],
    keepsValues,
    keepsZeros: false,
    affine: null,
    encoding,
    apply: (samples, out) => encoding.encode(samples, out),
    describe: () => [{ op: 'expand', ...tableSizes(blocks), blocks: blocksIn(blocks) }],
    tensors: () => new Map([[blocksName, { shape: [blocks.length], data: blocks }], ...tensors]),
  };
}
