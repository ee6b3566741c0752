/** Whether two runs may be compared: the same data, the same goal, and for throughput the same work for an image. */
import { differences, flatKeys } from './config-keys.js';
import type { Run } from './run.js';

/** Keys that decide what an accuracy or a time to it means. */
const goalKeys = ['data.set', 'data.validation', 'stop.on', 'stop.target'];
/** Keys that decide how much work an image is. */
const workKeys = /^(data\.(?!dir$|shuffle$|take$|validation$)|model\.(hidden|activation)|train\.batch$)/;

/** Each in words; empty when times and accuracies of the two mean the same. */
export function incomparable(a: Run, b: Run): string[] {
  if (a.config === null || b.config === null) {
    const which = a.config === null ? a : b;
    return [`the log of ${which.label} does not tell its configuration (log.level above info)`];
  }
  const goals = differences(flatKeys(a.config), flatKeys(b.config)).filter(({ key }) =>
    goalKeys.includes(key),
  );
  return [
    ...dataDifferences(a, b),
    ...goals.map(({ key, a: left, b: right }) => `${key} is ${left ?? 'unset'} and ${right ?? 'unset'}`),
  ];
}

/** What makes images a second incomparable. */
export function otherWork(a: Run, b: Run): string[] {
  return differences(flatKeys(a.config), flatKeys(b.config))
    .filter(({ key }) => workKeys.test(key))
    .map(({ key, a: left, b: right }) => `${key} is ${left ?? 'unset'} and ${right ?? 'unset'}`);
}

/** By SHA-256, where both are known; a raw log has none. */
function dataDifferences(a: Run, b: Run): string[] {
  if (a.dataSha256 === null || b.dataSha256 === null) return [];
  return differences(flatKeys(a.dataSha256), flatKeys(b.dataSha256)).map(
    ({ key, a: left, b: right }) => `data file ${key} has SHA-256 ${short(left)} and ${short(right)}`,
  );
}

const short = (hash: string | null) => (hash === null ? 'none' : `${hash.slice(0, 12)}…`);
