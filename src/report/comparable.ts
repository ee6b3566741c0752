/** Whether two runs may be compared: the same data, the same target, and for throughput the same work for an image. */
import { differences, flatKeys } from './config-keys.js';
import type { Run } from './run.js';

/** Keys that decide the meaning of an accuracy or of the time to it. */
const goalKeys = ['data.set', 'data.validation', 'stop.on', 'stop.target'];
/** Keys that decide the amount of work for an image. */
const workKeys =
  /^(data\.(?!dir$|shuffle$|take$|validation$)|model\.(hidden|activation|shortcut)|train\.batch$)/;

/** The reasons in words; empty if times and accuracies of both have the same meaning. */
export function incomparable(a: Run, b: Run): string[] {
  if (a.config === null || b.config === null) {
    const which = a.config === null ? a : b;
    return [`the log of ${which.label} lacks its configuration (log.level above info)`];
  }
  const goals = differences(flatKeys(a.config), flatKeys(b.config)).filter(({ key }) =>
    goalKeys.includes(key),
  );
  return [
    ...dataDifferences(a, b),
    ...goals.map(({ key, a: left, b: right }) => `${key} is ${left ?? 'unset'} and ${right ?? 'unset'}`),
  ];
}

/** The differences that make images a second incomparable. */
export function otherWork(a: Run, b: Run): string[] {
  return differences(flatKeys(a.config), flatKeys(b.config))
    .filter(({ key }) => workKeys.test(key))
    .map(({ key, a: left, b: right }) => `${key} is ${left ?? 'unset'} and ${right ?? 'unset'}`);
}

/** By SHA-256, if both are known; a raw log has none. */
function dataDifferences(a: Run, b: Run): string[] {
  if (a.dataSha256 === null || b.dataSha256 === null) return [];
  return differences(flatKeys(a.dataSha256), flatKeys(b.dataSha256)).map(
    ({ key, a: left, b: right }) => `data file ${key} has SHA-256 ${short(left)} and ${short(right)}`,
  );
}

const short = (hash: string | null) => (hash === null ? 'none' : `${hash.slice(0, 12)}…`);
