/** The weights that a run starts from when `model.init.file` names some, and what is written beside weights. */
import { readFileSync } from 'node:fs';
import type { Config } from '../config/schema.js';
import { readSafetensors, readSafetensorsMetadata, type Tensor } from '../model/safetensors.js';
import { ExitCode, expectedGot, UserError } from '../user-error.js';

/** Metadata key: the `data.features` of the run that made the weights, as JSON. */
const featuresKey = 'data.features';

/** Metadata of a weights file. Weights on direction features are of no use on others. */
export function weightsMetadata({ data }: Config): Record<string, string> {
  const { features } = data;
  return {
    format: 'pt',
    ...(features.kind === 'pixels' ? {} : { [featuresKey]: JSON.stringify(features) }),
  };
}

/**
 * Null without a file.
 * @throws UserError (exit 1) when it cannot be read or is not a safetensors file; (usage) when its weights are for
 * other features than the configuration's.
 */
export function readInitialTensors(config: Config): Map<string, Tensor> | null {
  const { file } = config.model.init;
  if (file === null) return null;
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UserError(`model.init.file: cannot read ${file}: ${reason}`, ExitCode.failure, { cause });
  }
  const tensors = readSafetensors(bytes, file);
  const made = readSafetensorsMetadata(bytes, file)[featuresKey];
  if (made !== undefined) refuseOtherFeatures(made, config, file);
  return tensors;
}

function refuseOtherFeatures(made: string, { data }: Config, file: string): void {
  let theirs: unknown;
  try {
    theirs = JSON.parse(made);
  } catch {
    theirs = null;
  }
  if (typeof theirs !== 'object' || theirs === null)
    throw new UserError(
      `model.init.file: ${file}: metadata ${featuresKey}: ${expectedGot('JSON of a mapping', made)}`,
    );
  const expected = new Map(Object.entries(theirs));
  for (const [key, value] of Object.entries(data.features)) {
    if (!expected.has(key) || expected.get(key) === value) continue;
    const wanted = `${String(expected.get(key))}, as the weights of model.init.file=${file} were trained on`;
    throw new UserError(`${featuresKey}.${key}: ${expectedGot(wanted, value)}`, ExitCode.usage);
  }
}
