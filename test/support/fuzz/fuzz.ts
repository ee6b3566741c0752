/** Damaged files by number: each is opened rightly, or refused by one line that names it. */
import { Rng } from '../../../dist/numbers/rng.js';
import { UserError } from '../../../dist/user-error.js';
import { damaged, type FormatName, type FuzzFile, formats } from './formats.ts';

export interface Fuzzing {
  readonly format: FormatName;
  readonly seed: number;
  readonly folder: string;
}

/** Of one input; `problem`: what is wrong with how it was received. */
export interface Finding {
  readonly number: number;
  readonly file: FuzzFile;
  readonly problem: string;
}

export interface Tally {
  opened: number;
  refused: number;
  slowestMs: number;
  readonly findings: Finding[];
}

/** Beside the file's own path. */
const longestLine = 500;

/** The number is enough to make the input again. */
export function inputOf(fuzzing: Fuzzing, seeds: readonly FuzzFile[], number: number): FuzzFile {
  const rng = new Rng((Math.imul(fuzzing.seed, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b)) >>> 0);
  return damaged(formats[fuzzing.format], seeds, (n) => rng.below(n));
}

export const seedsOf = async ({ format, folder }: Fuzzing): Promise<FuzzFile[]> =>
  formats[format].seeds(folder);

/** Opens the inputs from `first` on; at most so many findings are kept. `begun` is called before each. */
export async function fuzz(
  fuzzing: Fuzzing,
  first: number,
  count: number,
  begun: (number: number) => void = () => {},
  mostFindings = 20,
): Promise<Tally> {
  const tally: Tally = { opened: 0, refused: 0, slowestMs: 0, findings: [] };
  const seeds = await seedsOf(fuzzing);
  for (let number = first; number < first + count && tally.findings.length < mostFindings; number++) {
    const file = inputOf(fuzzing, seeds, number);
    begun(number);
    const started = performance.now();
    const outcome = await received(fuzzing, file);
    tally.slowestMs = Math.max(tally.slowestMs, performance.now() - started);
    if (outcome === 'opened') tally.opened++;
    else if (outcome === 'refused') tally.refused++;
    else tally.findings.push({ number, file, ...outcome });
  }
  return tally;
}

export async function received(
  { format, folder }: Pick<Fuzzing, 'format' | 'folder'>,
  file: FuzzFile,
): Promise<'opened' | 'refused' | { readonly problem: string }> {
  try {
    await formats[format].open(file, folder);
    return 'opened';
  } catch (error) {
    if (!(error instanceof UserError))
      return { problem: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    const { message } = error;
    if (/[\r\n]/.test(message) || message.replaceAll(folder, '').length > longestLine)
      return {
        problem: `expected one short line, got ${message.length} characters: ${message.slice(0, 300)}`,
      };
    if (!message.includes(file.name)) return { problem: `the file is not named: ${message.slice(0, 300)}` };
    return 'refused';
  }
}
