/** The weights that a run starts from when `model.init.file` names some, and what is written beside weights. */
import { readFileSync } from 'node:fs';
import type { Config } from '../config/schema.js';
import { isLinear } from '../data/transforms/linear-map.js';
import { readSafetensors, readSafetensorsMetadata, type Tensor } from '../model/safetensors.js';
import { ExitCode, expectedGot, UserError } from '../user-error.js';

/** Metadata key: the `data.features` of the run that made the weights, as JSON. */
const featuresKey = 'data.features';

/** Metadata keys: settings without which weights on pixels see other inputs than they were trained on. */
const pixelKeys = ['momentNormalise', 'normalise'] as const;

/** Metadata of a weights file. Weights on direction features, or on pixels made otherwise, are of no use on others. */
export function weightsMetadata({ data }: Config): Record<string, string> {
  const { features } = data;
  return {
    format: 'pt',
    ...(features.kind === 'pixels' ? pixelMetadata(data) : { [featuresKey]: JSON.stringify(features) }),
  };
}

/** Normalisations whose tensors are in the file. */
const isFitted = (normalise: string) => isLinear(normalise) || normalise === 'centre';

/** Of fitted normalisations, and of images drawn anew. */
function pixelMetadata(data: Config['data']): Record<string, string> {
  return {
    ...(isFitted(data.normalise) ? { 'data.normalise': data.normalise } : {}),
    ...(data.momentNormalise ? { 'data.momentNormalise': 'true' } : {}),
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
  const metadata = readSafetensorsMetadata(bytes, file);
  const made = metadata[featuresKey];
  if (made !== undefined) refuseOtherFeatures(made, config, file);
  else refuseOtherPixels(metadata, config, file);
  return tensors;
}

function refuseOtherPixels(metadata: Readonly<Record<string, string>>, { data }: Config, file: string): void {
  for (const key of pixelKeys) {
    const theirs = metadata[`data.${key}`];
    if (theirs !== undefined && theirs !== String(data[key]))
      throw madeOtherwise(`data.${key}`, theirs, data[key], file);
  }
}

function madeOtherwise(key: string, theirs: unknown, ours: unknown, file: string): UserError {
  const wanted = `${String(theirs)}, as the weights of model.init.file=${file} were trained on`;
  return new UserError(`${key}: ${expectedGot(wanted, ours)}`, ExitCode.usage);
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
    throw madeOtherwise(`${featuresKey}.${key}`, expected.get(key), value, file);
  }
}
