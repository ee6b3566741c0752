/**
 * A study file: the compared variants of a recipe, and the number of seeds. YAML, checked like a recipe: one clear line
 * for a mistake. The recipe's schema checks the variants' keys (expand.ts).
 */
import { readFileSync } from 'node:fs';
import { basename, extname } from 'node:path';
import * as z from 'zod';
import { locate, shown } from '../config/config-file.js';
import { layerOf, plain } from '../config/layer.js';
import { nearest } from '../config/nearest.js';
import { type Problem, refuse, wording } from '../config/refusal.js';
import { parseYaml, YamlProblem } from '../config/yaml-text.js';
import { ExitCode, UserError } from '../user-error.js';

const expecting = (expected: string) => ({ error: expected });

const text = () => z.string(expecting('a text')).min(1, expecting('a text'));
const settings = () => z.record(z.string(), z.unknown(), expecting('a mapping of configuration keys'));

/** Fewer pairs give no reliable interval. */
const fewestSeeds = 10;
const seedCount = `an integer from ${fewestSeeds} to 1000`;
const seeds = () =>
  z.int(expecting(seedCount)).min(fewestSeeds, expecting(seedCount)).max(1000, expecting(seedCount));

const evaluationCount = 'an integer from 1 to 1000, or epoch';
const evaluations = () =>
  z.union(
    [
      z
        .int(expecting(evaluationCount))
        .min(1, expecting(evaluationCount))
        .max(1000, expecting(evaluationCount)),
      z.literal('epoch'),
    ],
    expecting(evaluationCount),
  );

const share = () => {
  const error = expecting('a number above 0 and up to 1');
  return z.number(error).gt(0, error).max(1, error);
};

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
    equal: z.enum(['images', 'time'], expecting('one of images, time')).default('images'),
  },
  expecting('a mapping with a name and variants or grid'),
);

const study = z.strictObject(
  {
    /** For people. */
    title: text().optional(),
    base: text().default('pixels-97'),
    set: settings().default({}),
    target: share().default(0.97),
    seeds: seeds().default(20),
    firstSeed: z
      .int(expecting('an integer from 0 to 4000000000'))
      .min(0, expecting('an integer from 0 to 4000000000'))
      .max(4e9, expecting('an integer from 0 to 4000000000'))
      .default(1),
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
export function readStudy(file: string, directory = process.cwd()): LoadedStudy {
  const path = locate(file, directory, 'configs/study');
  const label = shown(path, directory);
  let source: string;
  let value: unknown;
  try {
    source = readFileSync(path, 'utf8');
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
    return issue.keys.map((key) => {
      const meant = nearest(key, known);
      const hint = meant === null ? `the keys here are ${known.join(', ')}` : `did you mean ${meant}?`;
      return { source, path: [...issue.path, key], text: `unknown key; ${hint}` };
    });
  }
  const value = issue.path.reduce(
    (inner: unknown, key) =>
      typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined,
    given,
  );
  return [{ source, path: issue.path, text: wording(issue.message, value) }];
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
      found.push({ source, path, text: `expected either variants or grid in "${name}"` });
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
  return (words ?? ['comparison']).join('-');
}
