/** From a study file to runs: every variant of every comparison with its complete configuration. */
import { type ResolvedConfig, resolveConfig } from '../config/load.js';
import { didYouMean } from '../config/nearest.js';
import type { Config } from '../config/schema.js';
import { ExitCode, quoted, UserError } from '../user-error.js';
import { type ComparisonFile, type LoadedStudy, type StudyFile, slugOf } from './study-file.js';

export interface Variant {
  readonly label: string;
  /** The keys in which it differs from the comparison's base. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Without a target: a run continues to its end. `seed` is that of the first run. */
  readonly config: Config;
}

export interface Comparison {
  readonly name: string;
  readonly slug: string;
  readonly reference: string | null;
  readonly question: string | null;
  readonly base: string;
  readonly equal: ComparisonFile['equal'];
  readonly evaluations: StudyFile['evaluations'];
  /** The same for all variants: runs are compared in pairs. */
  readonly seeds: readonly number[];
  readonly variants: readonly Variant[];
  readonly baseline: Variant;
}

/** Keys that the study itself sets. */
const decided: Readonly<Record<string, string>> = {
  seed: 'firstSeed',
  'stop.target': 'target',
  'stop.every': 'evaluations',
};

/**
 * `only`: names or slugs of the selected comparisons; null: all.
 * @throws UserError (usage) for a variant with an invalid configuration, and for a name that no comparison has.
 */
export async function expandStudy(
  loaded: LoadedStudy,
  only: readonly string[] | null,
): Promise<Comparison[]> {
  const { study, label } = loaded;
  const wanted = only === null ? study.comparisons : chosen(study.comparisons, only);
  const comparisons: Comparison[] = [];
  for (const each of wanted) comparisons.push(await expand(each, study, `${label}: ${each.name}`));
  return comparisons;
}

function chosen(comparisons: readonly ComparisonFile[], only: readonly string[]): ComparisonFile[] {
  const slugs = comparisons.map(({ name }) => slugOf(name));
  const wanted = new Set(only.map(slugOf));
  for (const slug of wanted) {
    if (slugs.includes(slug)) continue;
    const hint = didYouMean(slug, slugs, `; the names are ${slugs.join(', ')}`);
    throw new UserError(`--only: no comparison is named ${quoted(slug)}${hint}`, ExitCode.usage);
  }
  return comparisons.filter(({ name }) => wanted.has(slugOf(name)));
}

async function expand(file: ComparisonFile, study: StudyFile, where: string): Promise<Comparison> {
  const base = file.base ?? study.base;
  const all = { ...study.set, ...file.set };
  const labelled = file.grid === undefined ? (file.variants ?? {}) : combinations(file.grid);
  const count = file.seeds ?? study.seeds;
  const variants: Variant[] = [];
  for (const [label, given] of Object.entries(labelled)) {
    const { base: other, ...settings } = given ?? {};
    const recipe = typeof other === 'string' ? other : base;
    const at = `${where}: ${label}`;
    refuseDecided({ ...all, ...settings }, at);
    const { config } = await resolved(recipe, at, [
      { label: where, values: all },
      { label: at, values: settings },
    ]);
    const full = { ...config, seed: study.firstSeed, stop: { ...config.stop, target: null } };
    variants.push({ label, settings: given ?? {}, config: full });
  }
  const baseline = variants.find(({ label }) => label === file.baseline) ?? variants[0];
  if (file.baseline !== undefined && baseline.label !== file.baseline) {
    const labels = variants.map(({ label }) => label).join('; ');
    throw new UserError(
      `${where}: baseline: expected one of ${labels}, got ${quoted(file.baseline)}`,
      ExitCode.usage,
    );
  }
  return {
    name: file.name,
    slug: slugOf(file.name),
    reference: file.reference ?? null,
    question: file.question ?? null,
    base,
    equal: file.equal,
    evaluations: file.evaluations ?? study.evaluations,
    seeds: Array.from({ length: count }, (_, i) => study.firstSeed + i),
    variants,
    baseline,
  };
}

type Given = NonNullable<Parameters<typeof resolveConfig>[0]['settings']>;

async function resolved(file: string, where: string, settings: Given): Promise<ResolvedConfig> {
  try {
    return await resolveConfig({ file, overrides: [], settings });
  } catch (error) {
    if (!(error instanceof UserError) || !error.message.startsWith('--config ')) throw error;
    throw new UserError(`${where}: base: ${error.message.slice('--config '.length)}`, ExitCode.usage);
  }
}

function refuseDecided(settings: Readonly<Record<string, unknown>>, where: string): void {
  const nested = (key: string) => {
    const [section, name] = key.split('.');
    const inner = settings[section];
    return name !== undefined && typeof inner === 'object' && inner !== null && Object.hasOwn(inner, name);
  };
  const key = Object.keys(decided).find((name) => Object.hasOwn(settings, name) || nested(name));
  if (key === undefined) return;
  throw new UserError(
    `${where}: ${key}: expected the study's own key ${decided[key]} instead`,
    ExitCode.usage,
  );
}

/** Every combination of one value for each key, labelled `lr 0.1, batch 64`. */
function combinations(
  grid: Readonly<Record<string, readonly unknown[]>>,
): Record<string, Record<string, unknown>> {
  let rows: Record<string, unknown>[] = [{}];
  for (const [key, values] of Object.entries(grid))
    rows = rows.flatMap((row) => values.map((value) => ({ ...row, [key]: value })));
  const shown = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
  const label = (row: Record<string, unknown>) =>
    Object.entries(row)
      .map(([key, value]) => `${key.slice(key.lastIndexOf('.') + 1)} ${shown(value)}`)
      .join(', ');
  return Object.fromEntries(rows.map((row) => [label(row), row]));
}
