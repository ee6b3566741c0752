/**
 * A study file: the compared variants of a recipe, and the number of seeds. YAML, checked like a recipe: one clear line
 * for a mistake. The recipe's schema checks the variants' keys (expand.ts).
 */
import { basename, extname } from 'node:path';
import * as z from 'zod';
import { locate, shown } from '../config/config-file.js';
import { layerOf, plain, valueAt } from '../config/layer.js';
import { didYouMean, nearest } from '../config/nearest.js';
import { readSmallText } from '../config/read-text.js';
import { type Problem, refuse, wording } from '../config/refusal.js';
import { expecting, integer, oneOf, positiveShare } from '../config/schema-leaves.js';
import { parseYaml, YamlProblem } from '../config/yaml-text.js';
import { ExitCode, quoted, UserError } from '../user-error.js';

const text = () => z.string(expecting('a text')).min(1, expecting('a text'));
const settings = () => z.record(z.string(), z.unknown(), expecting('a mapping of configuration keys'));

/** Fewer pairs give no reliable interval. */
const fewestSeeds = 10;
const seeds = () => integer(`an integer from ${fewestSeeds} to 1000`, fewestSeeds, 1000);

const evaluationCount = 'an integer from 1 to 1000, or epoch';
const evaluations = () =>
  z.union([integer(evaluationCount, 1, 1000), z.literal('epoch')], expecting(evaluationCount));

const gridValues = 'a mapping of keys to lists of at least two values';

const comparison = z.strictObject(
  {
    /** The standard term. */
    name: text(),
    /** The paper or book. */
    reference: text().optional(),
    /** The question, in one sentence. */
    question: text().optional(),
    /** The recipe that the variants change. */
    base: text().optional(),
    /** Keys of all variants. */
    set: settings().optional(),
    /** By label: the keys in which a variant differs. The key `base` selects another recipe. */
    variants: z
      .record(z.string(), settings().nullable(), expecting('a mapping of labels to keys'))
      .optional(),
    /** All combinations of values. */
    grid: z
      .record(z.string(), z.array(z.unknown(), expecting(gridValues)).min(2, expecting(gridValues)))
      .optional(),
    /** The label that the others are compared with; the first by default. */
    baseline: text().optional(),
    seeds: seeds().optional(),
    evaluations: evaluations().optional(),
    /** time: every variant trains as long as the baseline does. */
    equal: oneOf(['images', 'time']).default('images'),
  },
  expecting('a mapping with a name and variants or grid'),
);

const study = z.strictObject(
  {
    /** For people. */
    title: text().optional(),
    base: text().default('pixels-97'),
    set: settings().default({}),
    target: positiveShare().default(0.97),
    seeds: seeds().default(20),
    firstSeed: integer('an integer from 0 to 4000000000', 0, 4e9).default(1),
    /** Number of evaluations in a run, including the one at the end. */
    evaluations: evaluations().default(10),
    comparisons: z
      .array(comparison, expecting('a list of comparisons'))
      .min(1, expecting('at least one comparison')),
  },
  expecting('a mapping with the key comparisons'),
);

export type ComparisonFile = z.infer<typeof comparison>;
export type StudyFile = z.infer<typeof study>;

export interface LoadedStudy {
  readonly study: StudyFile;
  /** The file's name without its extension. */
  readonly name: string;
  /** The file's name in refusals. */
  readonly label: string;
  readonly text: string;
}

/** @throws UserError (usage) that names the file, the key, what was expected and what was given. */
export async function readStudy(file: string, directory = process.cwd()): Promise<LoadedStudy> {
  const path = locate(file, directory, 'configs/study');
  const label = shown(path, directory);
  let source: string;
  let value: unknown;
  try {
    source = await readSmallText(path);
    value = parseYaml(source);
  } catch (error) {
    if (error instanceof YamlProblem)
      throw new UserError(`${label}:${error.line}:${error.column}: ${error.message}`, ExitCode.usage);
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(`${label}: cannot be read: ${reason}`, ExitCode.usage);
  }
  const given = plain(layerOf(value ?? {}, { label, rank: 0 }));
  const result = study.safeParse(given);
  if (!result.success) refuse(result.error.issues.flatMap((issue) => problems(issue, given, label)));
  refuseMeaningless(result.data, label);
  return { study: result.data, name: basename(path, extname(path)), label, text: source };
}

function problems(issue: z.core.$ZodIssue, given: unknown, source: string): Problem[] {
  if (issue.code === 'unrecognized_keys') {
    const known = Object.keys(issue.path.length === 0 ? study.shape : comparison.shape);
    return issue.keys.map((key) => ({
      source,
      path: [...issue.path, key],
      text: `unknown key${didYouMean(key, known, `; the keys here are ${known.join(', ')}`)}`,
    }));
  }
  return [{ source, path: issue.path, text: wording(issue.message, valueAt(given, issue.path)) }];
}

/** Checks that concern several keys. */
function refuseMeaningless({ comparisons }: StudyFile, source: string): void {
  const found: Problem[] = [];
  const slugs = new Set<string>();
  for (const [at, { name, variants, grid, baseline }] of comparisons.entries()) {
    const path = ['comparisons', at];
    const wrong = (key: string, expected: string, got: unknown) =>
      found.push({ source, path: [...path, key], text: wording(expected, got) });
    if (slugs.has(slugOf(name))) wrong('name', 'a name of its own', name);
    slugs.add(slugOf(name));
    if ((variants === undefined) === (grid === undefined)) {
      found.push({ source, path, text: `expected either variants or grid in ${quoted(name)}` });
      continue;
    }
    const labels = variants === undefined ? null : Object.keys(variants);
    if (labels !== null && labels.length < 2) wrong('variants', 'at least two labels', labels);
    if (labels !== null && baseline !== undefined && !labels.includes(baseline)) {
      const meant = nearest(baseline, labels);
      wrong(
        'baseline',
        `one of ${labels.join(', ')}${meant === null ? '' : ` (did you mean ${meant}?)`}`,
        baseline,
      );
    }
  }
  if (found.length > 0) refuse(found);
}

/** The name as a word for files and `--only`. */
export function slugOf(name: string): string {
  const words = name
    .normalize('NFKD')
    .toLowerCase()
    .match(/[a-z0-9]+/g);
  const slug = (words ?? ['comparison']).join('-');
  // Windows keeps these names for devices, with any extension.
  return /^(con|prn|aux|nul|com\d|lpt\d)$/.test(slug) ? `${slug}-comparison` : slug;
}
