/**
 * One injection: a disturbed run, then the same run to its end, compared with one that was not disturbed. Half of the runs that are
 * resumed are disturbed again, once or twice; those with `owner` go on on another number of threads.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { again, type KindName, kinds, type Tools } from './kinds.ts';
import { unmount } from './mounts.ts';
import { foldersIn, type Reference } from './reference.ts';
import { type Ended, leftoversIn, numberedIn, train, unreadableIn, weightsOf } from './training.ts';

export interface Injection {
  readonly kind: KindName;
  readonly configuration: string;
  /** How the run came to its end after the disturbance; `skipped`: this machine cannot disturb it so. */
  readonly by: 'itself' | 'resume' | 'another start' | 'skipped';
  /** How often the run that was resumed was disturbed as well. */
  readonly again: number;
  readonly unreadable: number;
  readonly differing: number;
  readonly leftovers: number;
  readonly orphans: number;
  /** Anything else that is wrong, a line each. */
  readonly problems: readonly string[];
}

/** A stack trace, or an error of the program that is not one line. */
const isUgly = ({ code, stderr }: Ended) =>
  /\n\s+at \S|node:internal/.test(stderr) ||
  ((code === 1 || code === 2) && stderr.match(/^error: /gm)?.length !== 1);

/** It had been killed after its last file. */
const wasFinished = ({ code, stderr }: Ended) => code === 2 && stderr.includes('a run that has finished');

export async function inject(
  kind: KindName,
  reference: Reference,
  below: (n: number) => number,
  folder: string,
  tools: Tools,
): Promise<Injection> {
  const { configuration, sha256 } = reference;
  const { words } = configuration;
  const [run, temporary] = foldersIn(folder, kind);
  const problems: string[] = [];
  const result = { kind, configuration: configuration.name, again: 0 };
  // Drawn before anything whose time differs.
  const plannedAgain = below(2) === 0 ? 1 + below(2) : 0;
  try {
    const disturbance = await kinds[kind]({ run, temporary, reference, below, ...tools });
    if (disturbance === null)
      return { ...result, by: 'skipped', unreadable: 0, differing: 0, leftovers: 0, orphans: 0, problems };
    const { ended, expects, goesOn } = disturbance;
    let damaged = disturbance.damaged;
    const options = { temporary, ...goesOn };
    let orphans = ended.orphans;
    const judge = (what: string, one: Ended, codes: readonly (number | string)[]) => {
      const outcome = one.code ?? one.signal ?? 'none';
      if (one.isHung) problems.push(`${what}: hung`);
      else if (!codes.includes(outcome))
        problems.push(`${what}: ended with ${outcome}: ${shortened(one.stderr)}`);
      if (isUgly(one)) problems.push(`${what}: not one clear line: ${shortened(one.stderr)}`);
    };
    judge(kind, ended, expects);
    const unreadable = unreadableIn(run).filter((name) => !damaged.includes(name));
    for (const name of unreadable) problems.push(`cannot be read: ${name}`);
    let by: Injection['by'] = 'itself';
    let last = ended;
    let timesAgain = 0;
    const hasWhole = () => numberedIn(run).some((name) => !damaged.includes(name));
    while (goesOn === undefined && timesAgain < plannedAgain && last.code !== 0 && hasWhole()) {
      const name = again[below(again.length)];
      const threads = words.includes('parallel.sync=owner') ? ['--threads', `${1 + below(3)}`] : [];
      const resume = ['--resume', run, ...threads];
      const more = await kinds[name]({ run, temporary, reference, below, ...tools, resume });
      if (more === null) break;
      timesAgain++;
      last = more.ended;
      orphans += last.orphans;
      damaged = [...damaged, ...more.damaged];
      judge(`${name} again`, last, wasFinished(last) ? [2] : more.expects);
      if (wasFinished(last)) break;
      for (const file of unreadableIn(run).filter((name) => !damaged.includes(name)))
        problems.push(`cannot be read after ${name}: ${file}`);
    }
    let isComplete = last.code === 0 || wasFinished(last);
    if (isComplete && timesAgain > 0) by = 'resume';
    if (!isComplete) {
      by = 'resume';
      const whole = numberedIn(run).filter((name) => !damaged.includes(name));
      last = await train(['--quiet', '--resume', run], options);
      orphans += last.orphans;
      if (last.code !== 0 && whole.length === 0) {
        judge('resume without a checkpoint', last, [1, 2]);
        by = 'another start';
        last = await train([...words, '--quiet', '--out', run, '--overwrite'], options);
        orphans += last.orphans;
      }
      const isFinished = wasFinished(last);
      if (isFinished) by = 'itself';
      judge(by, last, [isFinished ? 2 : 0]);
      isComplete = isFinished || last.code === 0;
    }
    const weights = weightsOf(run);
    if (isComplete && weights !== sha256) problems.push(`${by}: other weights`);
    const leftovers = isComplete ? leftoversIn(run, temporary) : [];
    if (leftovers.length > 0) problems.push(`left over: ${leftovers.join(', ')}`);
    return {
      ...{ ...result, by, again: timesAgain, unreadable: unreadable.length, orphans, problems },
      differing: Number(weights !== sha256),
      leftovers: leftovers.length,
    };
  } finally {
    if (kind === 'full') unmount(run);
    rmSync(join(run, '..'), { recursive: true, force: true });
  }
}

const shortened = (text: string) =>
  text
    .trim()
    .replaceAll(/\s*\n\s*/g, ' | ')
    .slice(-400);
