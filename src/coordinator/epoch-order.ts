/**
 * The order in which a run reads its images, drawn from the seed: one stream for the subset and one for each epoch; and the
 * seed of the masks of dropout.
 */
import type { Config } from '../config/schema.js';
import { Rng, Stream, shuffle } from '../numbers/rng.js';
import type { Session } from './session.js';

/** Call with each epoch's number, from 0, before its first step. */
export type EpochOrder = (epoch: number) => void;

/**
 * `begun`: epochs already begun by a run that resumes. The order of an epoch is that of the one before, shuffled again,
 * so all earlier orders are drawn once more.
 */
export function orderOf(
  session: Session,
  config: Config,
  seed: number,
  images: number,
  begun = 0,
): EpochOrder {
  session.maskSeed.fill(new Rng(seed, Stream.dropout).next());
  const draw = firstOrder(session, config, seed, images);
  for (let epoch = 0; epoch < begun; epoch++) draw(epoch);
  return draw;
}

function firstOrder(session: Session, config: Config, seed: number, images: number): EpochOrder {
  if (session.plan.directions !== null) return batchOrder(session, config, seed, images);
  const { order } = session;
  countUp(order);
  if (config.data.shuffle && images < order.length) shuffle(order, new Rng(seed, Stream.subset));
  return (epoch) => {
    if (config.data.shuffle) shuffle(order.subarray(0, images), new Rng(seed, Stream.order + epoch));
    if (session.plan.selection !== null)
      drawSelection(session, images, new Rng(seed, Stream.selection + epoch));
  };
}

/** Drawn by the coordinator, so that the order does not depend on the number of threads. */
function drawSelection({ draws }: Session, images: number, rng: Rng): void {
  for (let i = 0; i < images; i++) draws[i] = rng.next();
}

function countUp(items: Int32Array): void {
  for (let i = 0; i < items.length; i++) items[i] = i;
}

/** Of sessions whose order has been drawn: the places in front that got a random subset. */
const drawnFronts = new WeakMap<Session, number>();

/**
 * Direction features are made in the order of the first epoch, so its batches are contiguous; later epochs read the
 * same batches in another order. A batch that is not full stays the last one.
 */
function batchOrder(session: Session, config: Config, seed: number, images: number): EpochOrder {
  const { order, batches } = session;
  countUp(batches);
  const drawn = drawnFronts.get(session);
  if (drawn === undefined) countUp(order);
  else restoreFront(order, drawn);
  drawnFronts.set(session, config.data.shuffle ? images : 0);
  if (!config.data.shuffle) return () => {};
  drawFront(order, images, new Rng(seed, Stream.subset));
  const full = Math.floor(images / config.train.batch);
  return (epoch) => {
    if (epoch > 0) shuffle(batches.subarray(0, full), new Rng(seed, Stream.order + epoch));
  };
}

/** The first `count` places get a random subset in random order: the first steps of a Fisher-Yates shuffle. */
export function drawFront(items: Int32Array, count: number, rng: Rng): void {
  for (let i = 0; i < Math.min(count, items.length - 1); i++) {
    const j = i + rng.below(items.length - i);
    const item = items[i];
    items[i] = items[j];
    items[j] = item;
  }
}

/**
 * 0, 1, … again after drawFront, for less than writing all of it: beyond the front only the places are changed whose own
 * items are in front.
 */
export function restoreFront(items: Int32Array, count: number): void {
  for (let i = 0; i < count; i++) {
    const own = items[i];
    if (own >= count) items[own] = own;
    items[i] = i;
  }
}
