/** The keys whose values are paths. They are relative to the working directory, also in a file, and absolute in records. */
import { resolve } from 'node:path';
import { UserError } from '../user-error.js';
import { givenSets } from './choices.js';
import { expandHome } from './home.js';
import { type Branch, given, place } from './layer.js';
import type { Problem } from './refusal.js';
import type { Config } from './schema.js';

/** test/home-folder.test.ts verifies that these are all keys for which the schema expects a path. */
export const pathKeys = ['data.dir', 'data.testFile', 'model.init.file'] as const;

type Environment = Readonly<Record<string, string | undefined>>;

/** Replaces `~` with the home folder. A path that cannot be expanded is a problem. */
export function expandHomes(layers: Branch, environment: Environment): Problem[] {
  return pathKeys.flatMap((key) => {
    const path = key.split('.');
    const leaf = given(layers, path);
    if (leaf?.kind !== 'leaf' || typeof leaf.value !== 'string') return [];
    try {
      const value = expandHome(leaf.value, undefined, environment);
      if (value !== leaf.value) place(layers, path, { ...leaf, value });
      return [];
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return [{ source: leaf.source.label, path, text: error.message }];
    }
  });
}

/**
 * The configuration for config.yaml of a run, which repeats the run from any working directory: all paths are absolute,
 * and `data.dir` of the user's own data is set if SHARDSTEP_DATA named it.
 */
export function withAbsolutePaths(
  config: Config,
  environment: Environment = process.env,
  directory = process.cwd(),
): Config {
  const { data, model } = config;
  const isOwn = givenSets.some((set) => set === data.set);
  const named = environment.SHARDSTEP_DATA;
  const dir = data.dir ?? (isOwn && named ? expandHome(named, 'SHARDSTEP_DATA', environment) : null);
  const absolute = (path: string | null) => (path === null ? null : resolve(directory, path));
  return {
    ...config,
    data: { ...data, dir: absolute(dir), testFile: absolute(data.testFile) },
    model: { ...model, init: { ...model.init, file: absolute(model.init.file) } },
  };
}
