/**
 * The configuration of a run from everywhere it may be given:
 * defaults < extended files < file < command line.
 */

import { basename, extname } from 'node:path';
import { type ConfigFile, readConfigFiles } from './config-file.js';
import { contradictions } from './contradictions.js';
import { choiceSections } from './keys.js';
import { type Branch, defaultsSource, emptyBranch, merge, plain, spellOutNames } from './layer.js';
import { commandLineLayer } from './overrides.js';
import { refuse, schemaProblems } from './refusal.js';
import { type Config, configSchema } from './schema.js';

export interface ConfigInput {
  /** A path, or the bare name of a shipped configuration; null for the defaults. */
  readonly file: string | null;
  /** `key=value` words, such as `train.batch=256`. */
  readonly overrides: readonly string[];
  /** Dotted key → value, for flags such as --threads; undefined is a flag that was not given. */
  readonly flags?: Readonly<Record<string, unknown>>;
  /** The process's by default. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** What relative paths are relative to; the working directory by default. */
  readonly directory?: string;
}

export interface ResolvedConfig {
  readonly config: Config;
  /** The file's name without its ending, or `defaults`. */
  readonly name: string;
  /** Absolute paths of the files read, nearest first. */
  readonly files: readonly string[];
}

/** `data.dir` and `model.init.file` stay as given: they are relative to the working directory, also in a file. */
export async function resolveConfig(input: ConfigInput): Promise<ResolvedConfig> {
  const { flags = {}, environment = process.env, directory = process.cwd() } = input;
  const files = input.file === null ? [] : await readConfigFiles(input.file, directory);
  const layers = [
    ...files.map(({ layer }) => layer).reverse(),
    await commandLineLayer(input.overrides, flags),
  ];
  return {
    config: checked(layers, environment),
    name: nameOf(files),
    files: files.map(({ path }) => path),
  };
}

function checked(
  layers: readonly Branch[],
  environment: Readonly<Record<string, string | undefined>>,
): Config {
  const choices = choiceSections();
  for (const layer of layers) spellOutNames(layer, choices);
  const merged = layers.reduce(
    (earlier, later) => merge(earlier, later, choices),
    emptyBranch(defaultsSource),
  );
  const result = configSchema.safeParse(plain(merged));
  const problems = result.success
    ? contradictions(result.data, merged, environment)
    : schemaProblems(result.error.issues, merged);
  if (!result.success || problems.length > 0) refuse(problems);
  return result.data;
}

function nameOf(files: readonly ConfigFile[]): string {
  const nearest = files[0]?.path;
  return nearest === undefined ? 'defaults' : basename(nearest, extname(nearest));
}
