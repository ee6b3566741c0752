/**
 * The configuration of a run, merged from all its sources:
 * defaults < extended files < file < settings of a study < command line.
 */

import { basename, extname } from 'node:path';
import { givenSets } from './choices.js';
import { type ConfigFile, readConfigFiles } from './config-file.js';
import { contradictions } from './contradictions.js';
import { displace, givenKeys } from './implied.js';
import { choiceSections } from './keys.js';
import {
  type Branch,
  defaultsSource,
  emptyBranch,
  layerOf,
  merge,
  place,
  plain,
  spellOutNames,
} from './layer.js';
import { commandLineLayer } from './overrides.js';
import { expandHomes } from './paths.js';
import { refuse, schemaProblems } from './refusal.js';
import { type Config, configSchema } from './schema.js';

/** Keys that neither a recipe nor the command line sets, such as those of a study's variant. */
export interface Settings {
  /** Where the keys were given, for refusals. */
  readonly label: string;
  /** Dotted or nested keys. */
  readonly values: Readonly<Record<string, unknown>>;
}

export interface ConfigInput {
  /** Below the files: the configuration of a run that is resumed; its keys count as set. */
  readonly base?: Settings;
  /** A path, or the bare name of a shipped configuration; null for the defaults. */
  readonly file: string | null;
  /** Whether the file is the command's own choice: its values are defaults then. */
  readonly implied?: boolean;
  /** `key=value` words, such as `train.batch=256`. */
  readonly overrides: readonly string[];
  /** Dotted key → value, for flags such as --threads; undefined is a flag that was not given. */
  readonly flags?: Readonly<Record<string, unknown>>;
  /** Above the files and below the command line; a later one wins. */
  readonly settings?: readonly Settings[];
  /** The process's by default. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** The directory of relative paths; the working directory by default. */
  readonly directory?: string;
}

export interface ResolvedConfig {
  readonly config: Config;
  /** The file's name without its extension, or `defaults`. */
  readonly name: string;
  /** Absolute paths of the files read, nearest first. */
  readonly files: readonly string[];
  /** Dotted keys that the user set; the others may be adapted to the data. */
  readonly given: ReadonlySet<string>;
  /** A line for each value of an implied file that was replaced, because it conflicts with a value that the user set. */
  readonly notes: readonly string[];
}

/** `data.dir` and `model.init.file` stay as given, except for `~`: they are relative to the working directory, also in a file. */
export async function resolveConfig(input: ConfigInput): Promise<ResolvedConfig> {
  const { flags = {}, settings = [], environment = process.env, directory = process.cwd() } = input;
  const files = input.file === null ? [] : await readConfigFiles(input.file, directory, input.implied);
  const layers = [
    ...(input.base === undefined ? [] : [settingsLayer(input.base, -1e9)]),
    ...files.map(({ layer }) => layer).reverse(),
    ...settings.map((given, at) => settingsLayer(given, (at + 1) / (settings.length + 1) - 1)),
    await commandLineLayer(input.overrides, flags),
  ];
  return {
    ...checked(layers, environment),
    name: nameOf(files),
    files: files.map(({ path }) => path),
  };
}

/** `rank`: above -1, which is the nearest file's, and below 0, which is the command line's. */
function settingsLayer({ label, values }: Settings, rank: number): Branch {
  const source = { label, rank };
  const layer = emptyBranch(source);
  for (const [key, value] of Object.entries(values)) place(layer, key.split('.'), layerOf(value, source));
  return layer;
}

function checked(
  layers: readonly Branch[],
  environment: Readonly<Record<string, string | undefined>>,
): Pick<ResolvedConfig, 'config' | 'given' | 'notes'> {
  const choices = choiceSections();
  for (const layer of layers) spellOutNames(layer, choices);
  const notes: ((config: Config) => string)[] = [];
  for (;;) {
    const merged = layers.reduce(
      (earlier, later) => merge(earlier, later, choices),
      emptyBranch(defaultsSource),
    );
    const homeless = expandHomes(merged, environment);
    if (homeless.length > 0) refuse(homeless);
    const result = configSchema.safeParse(plain(merged));
    if (!result.success) refuse(schemaProblems(result.error.issues, merged));
    const problems = contradictions(result.data, merged, environment);
    if (problems.length === 0) {
      const config = result.data;
      return { config, given: new Set(givenKeys(merged)), notes: notes.map((note) => note(config)) };
    }
    const { set } = result.data.data;
    const displaced = displace(problems, merged, layers, [...givenSets, 'memory'].includes(set));
    if (displaced === null) refuse(problems);
    for (const { path, source, value, reason } of displaced)
      notes.push((config) => {
        const now = JSON.stringify(
          path.reduce<unknown>((inner, key) => Reflect.get(Object(inner), key), config),
        );
        return `${path.join('.')}: ${now} instead of ${JSON.stringify(value)} of ${source}, which was not set: ${reason}`;
      });
  }
}

function nameOf(files: readonly ConfigFile[]): string {
  const nearest = files[0]?.path;
  return nearest === undefined ? 'defaults' : basename(nearest, extname(nearest));
}
