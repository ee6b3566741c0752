/**
 * The section of a plan for direction features: the places of images, feature blocks and the transform, and which
 * workers train. Images stay uint8 in the memory; direction features are made of them within a run, on its clock.
 */
import type { Config } from '../../../config/schema.js';
import { stripFloats } from '../../../kernels/directions/direction-kernels.js';
import { linearModelBytes, productStrips } from '../../../kernels/directions/linear-model.js';
import {
  blockBytes,
  blocksOf,
  chunkBlocks,
  chunkImages,
  chunksOf,
  type DirectionShape,
  directionShape,
  fittedImages,
  imageSide,
} from '../../../kernels/directions/spec.js';
import type { Region, Take } from '../../../memory/arena.js';
import type { PartName } from '../../dataset.js';
import { chooseTeam, type Team } from './team.js';

export interface DirectionsPlan {
  readonly shape: DirectionShape;
  /** Whether the network has hidden layers; softmax regression has kernels of its own. */
  readonly hasLayers: boolean;
  readonly team: Team;
  /** Whether the direction features of evaluated parts are kept, because there may be another evaluation. */
  readonly keepsEvaluated: boolean;
  readonly parts: Readonly<Record<PartName, DirectionPart>>;
  /** Sums of each chunk, f32 [features + 1][8]: of each feature, then of the squares. */
  readonly statistics: Region;
  readonly statisticsStride: number;
  /** Constants that the kernels read; the regions behind its pointers follow. */
  readonly model: Region;
  readonly mean: Region;
  readonly shift: Region;
  readonly projection: Region;
  readonly centres: Region;
  readonly deltas: Region;
  readonly rows: Region;
  readonly projected: Region;
  /** Room for fitting the principal components, and the number of images for it. */
  readonly fitting: Region;
  readonly fittedImages: number;
  /** i32 [batches in an epoch]: their order. */
  readonly batches: Region;
  /** One for each worker, and one for the coordinator. */
  readonly ranks: readonly RankRegions[];
}

export interface DirectionPart {
  /** u8 [count][784], readable beyond its end. */
  readonly images: Region;
  /** f32 [blocks][features][8]; of the training part, in order of extraction. */
  readonly blocks: Region;
  /** i32: the images of the blocks; evaluated parts in their own order. */
  readonly order: Region;
  /** u8: the classes in this order; 255 pads the last chunk. */
  readonly labels: Region;
}

export interface RankRegions {
  readonly extraction: Region;
  /** Weights for raw direction features, in the layout of the weights. */
  readonly folded: Region;
  /** Feature blocks of one chunk that need not be kept. */
  readonly chunk: Region;
  /** Logits, standardised features and components of two blocks; f64 [2]: sums of a call. */
  readonly room: Region;
  readonly sums: Region;
}

/** Bytes of the extraction's scratch; checked against the kernels' need when they are set up. */
const extractionBytes = 192 * 1024;

/** Generous; checked like the extraction's scratch. */
const fittingBytes = ({ features, components }: DirectionShape, images: number): number =>
  (images + features + 3 * (components + 8)) * (features + 3 * components) * 4 + 4096;

export function planDirections(
  config: Config,
  parts: Readonly<Record<PartName, { readonly count: number }>>,
  { threads, oversubscribed }: { readonly threads: number; readonly oversubscribed: boolean },
  take: Take,
): DirectionsPlan {
  const shape = directionShape(config.data.features);
  const { features, components } = shape;
  const hasLayers = config.model.hidden.length > 0;
  const images = config.data.take ?? parts.train.count;
  const { batch, epochs } = config.train;
  const { every } = config.stop;
  const part = (name: PartName): DirectionPart => {
    const { count } = parts[name];
    const used = chunksOf(name === 'train' ? images : count) * chunkImages;
    return {
      images: take(count === 0 ? 0 : (count + 1) * imageSide * imageSide),
      blocks: take((used / chunkImages) * chunkBlocks * blockBytes(shape)),
      order: take(Math.max(used, name === 'train' ? count : 0) * 4),
      labels: take(used),
    };
  };
  const vector = features * 4;
  const statisticsStride = (features + 1) * 32;
  const fitted = fittedImages(images);
  return {
    shape,
    hasLayers,
    team: chooseTeam({
      ...{ optimizer: config.optimizer, shape, hasLayers, batch, threads, oversubscribed },
      steps: epochs * Math.ceil(images / batch),
      evaluated: config.stop.on === 'train' ? 0 : parts[config.stop.on].count,
    }),
    keepsEvaluated: every === 'epoch' ? epochs > 1 : every < Math.ceil(images / batch) * epochs,
    parts: { train: part('train'), validation: part('validation'), test: part('test') },
    statistics: take(chunksOf(images) * statisticsStride),
    statisticsStride,
    model: take(linearModelBytes),
    mean: take(vector),
    shift: take(vector),
    projection: take((features + 1) * components * 4),
    centres: take(productStrips(components) * 32),
    deltas: take(blocksOf(batch) * stripFloats * 4),
    rows: take(batch * vector),
    projected: take(batch * components * 4),
    fitting: take(components === 0 ? 0 : fittingBytes(shape, fitted)),
    fittedImages: fitted,
    batches: take(Math.ceil(images / batch) * 4),
    ranks: Array.from({ length: threads + 1 }, () => ({
      extraction: take(extractionBytes),
      folded: take(shape.vectorFloats * 4),
      chunk: take(chunkBlocks * blockBytes(shape)),
      room: take(640 + 64 * (features + components)),
      sums: take(64),
    })),
  };
}
