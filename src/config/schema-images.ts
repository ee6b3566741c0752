/** The keys of data.set=images: what becomes of pictures of any size. */

import * as z from 'zod';
import { pictureFits } from './choices.js';
import { expecting, integer, oneOf, section } from './schema-leaves.js';

const sizeWords = 'a side from 1 to 512, [rows, columns], or null';
const side = () => integer(sizeWords, 1, 512);

export const images = section({
  size: z
    .union(
      [side(), z.array(side(), expecting(sizeWords)).length(2, expecting(sizeWords))],
      expecting(sizeWords),
    )
    .nullable()
    .default(null)
    .describe(
      'Pictures in folders: rows and columns that each is scaled to; null: the most frequent size of the training pictures if its sides are up to 64, ' +
        'else 28 if all are grey, 32 if not',
    ),
  fit: oneOf(pictureFits)
    .default('crop')
    .describe(
      'Pictures in folders of other proportions than data.images.size. crop: the middle of the picture; pad: the whole picture, and bands in the colour of its border; ' +
        'stretch: the whole picture, distorted',
    ),
  colour: oneOf(['auto', 'grey', 'colour'])
    .default('auto')
    .describe(
      'Channels of pictures in folders: grey, one; colour, three; auto: grey if the files of all training pictures are grey',
    ),
});
