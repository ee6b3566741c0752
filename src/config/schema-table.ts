/** The keys of data.set=table: which file and column, what the columns are, how they become inputs. */

import * as z from 'zod';
import {
  above,
  belowOne,
  columnsOrNull,
  countOrNull,
  expecting,
  integer,
  oneOf,
  pathOrNull,
  section,
} from './schema-leaves.js';

const testWords = 'a share from 0 to below 1, a count from 1 up, or null';
const typeWords = 'a mapping from names of columns to types, such as {zip: category}';

const binsWords = 'an integer from 0 to 4096, or auto';

/** How columns become inputs. */
const encoding = section({
  scaling: oneOf(['standard', 'quantile', 'none'])
    .default('standard')
    .describe(
      'Tables: an input for each number. standard: minus its mean, over its standard deviation; quantile: normally distributed, by its rank among the training rows; none: no such input',
    ),
  bins: z
    .union([z.literal('auto'), integer(binsWords, 0, 4096)], expecting(binsWords))
    .default(64)
    .describe(
      'Tables: inputs of the piecewise linear encoding of a number (Gorishniy et al. 2022): how much of each of so many ranges lies below it; 0: none; ' +
        'auto: 64; d²/64 in a column of d < 64 distinct values, and one for 32 rows in small tables',
    ),
  periodic: integer('an integer from 0 to 4096', 0, 4096)
    .default(0)
    .describe('Tables: frequencies of which a number has a cosine and a sine (Gorishniy et al. 2022)'),
  sigma: above(0)
    .default(1)
    .describe('Tables: standard deviation of the frequencies of data.encoding.periodic'),
  rare: countOrNull()
    .default(null)
    .describe(
      'Tables: training rows in which a category must occur to have an input of its own; null: 10, fewer in small tables',
    ),
});

export const tableKeys = {
  testFile: pathOrNull('file')
    .default(null)
    .describe('Of a table: the file of the test rows, relative to the working directory; null: data.test'),
  test: z
    .union([belowOne(testWords), integer(testWords, 1)], expecting(testWords))
    .nullable()
    .default(null)
    .describe(
      'Of a table, or of pictures in folders: share or count of its rows that are held out as test part, the same in every run, from each class in proportion; ' +
        'null: a fifth, or none beside data.testFile or the folder of test pictures',
    ),
  target: columnsOrNull()
    .default(null)
    .describe(
      'The column to predict, by its name or its number from 1, or a list of several. Null: of a table the last; of CSV files that of ' +
        'data.label. Of CSV files only if data.task is regression or labels',
    ),
  columns: z
    .record(z.string(), z.string(expecting(typeWords)), expecting(typeWords))
    .default({})
    .describe(
      'Of a table: types of columns where those found are wrong: number, category, yes/no, date, text or ignore; number:comma, ' +
        'number:point and date:day-first, date:month-first, date:year-first also say the format (docs/data.md)',
    ),
  encoding: encoding.prefault({}),
};
