/** "Did you mean": the known word nearest to an unknown one, if one is near enough. */

import { distance } from 'fastest-levenshtein';

/** The nearest candidate, or null if it is too far away to be meant. */
export function nearest(word: string, candidates: readonly string[]): string | null {
  return ranked(word, candidates, folded).find((found) => found.isNear)?.candidate ?? null;
}

/** `; did you mean …?`, or else what is given. */
export function didYouMean(word: string, candidates: readonly string[], otherwise = ''): string {
  const meant = nearest(word, candidates);
  return meant === null ? otherwise : `; did you mean ${meant}?`;
}

/**
 * Dotted keys for an unknown dotted key. In a section that exists: its own nearest key, else the only one of that name
 * elsewhere (`train.lr` → `optimizer.lr`). Otherwise those with the same last segment (`lr` → `optimizer.lr`), else the
 * nearest as a whole, else the one with the nearest last segment. Empty if none is near.
 */
export function nearestKeys(key: string, known: readonly string[]): string[] {
  const siblings = known.filter((candidate) => parent(candidate) === parent(key));
  if (key.includes('.') && siblings.length > 0) return keysOfSection(key, siblings, known);
  const namesakes = known.filter((candidate) => folded(lastPart(candidate)) === folded(lastPart(key)));
  const closest = ranked(key, namesakes, folded).map(({ candidate }) => candidate);
  if (closest.length > 0) return key.includes('.') ? closest.slice(0, 1) : closest.slice(0, 3);
  const byLastPart = ranked(key, known, (text) => folded(lastPart(text))).find(({ isNear }) => isNear);
  const found = nearest(key, known) ?? byLastPart?.candidate;
  return found === undefined ? [] : [found];
}

/** What decides the other keys of a section has one of these names. */
const deciding = ['name', 'kind', 'type'];

function keysOfSection(key: string, siblings: readonly string[], known: readonly string[]): string[] {
  const last = lastPart(key);
  const near = ranked(key, siblings, (text) => folded(lastPart(text))).find(
    ({ isNear }) => isNear,
  )?.candidate;
  const decides = deciding.includes(last)
    ? siblings.find((one) => deciding.includes(lastPart(one)))
    : undefined;
  const namesakes = known.filter((candidate) => folded(lastPart(candidate)) === folded(last));
  const below = namesakes.find((candidate) => candidate.startsWith(`${parent(key)}.`));
  const found = near ?? decides ?? below ?? (namesakes.length === 1 ? namesakes[0] : undefined);
  return found === undefined ? [] : [found];
}

interface Ranked {
  readonly candidate: string;
  readonly edits: number;
  readonly isNear: boolean;
}

/** Far longer than any candidate; the time of a distance grows with the product of both lengths. */
const longestKey = 100;

/** Nearest first. Near means edits in at most two letters of five, and never in all letters. */
function ranked(word: string, candidates: readonly string[], form: (text: string) => string): Ranked[] {
  const wanted = form(word.slice(0, longestKey));
  const most = Math.min(Math.max(1, Math.round(wanted.length * 0.4)), wanted.length - 1);
  return candidates
    .map((candidate) => {
      const edits = distance(wanted, form(candidate));
      return { candidate, edits, isNear: edits <= most };
    })
    .sort((a, b) => a.edits - b.edits);
}

/** Case and word separators are ignored: `batch_size` and `batchSize` are the same mistake. */
function folded(text: string): string {
  return text.toLowerCase().replace(/[-_]/g, '');
}

function lastPart(key: string): string {
  return key.slice(key.lastIndexOf('.') + 1);
}

function parent(key: string): string {
  return key.slice(0, Math.max(0, key.lastIndexOf('.')));
}
