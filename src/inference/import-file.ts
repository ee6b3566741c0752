/** A model file of ours from the bytes of an ONNX or a safetensors file, of another program or of this one. */
import { chainOf } from '../formats/onnx/chain.js';
import { decodeOnnx, type OnnxModel } from '../formats/onnx/decode.js';
import { ownFile } from '../formats/onnx/own.js';
import { toOnnx } from '../formats/onnx/write.js';
import { chainOfTensors } from '../formats/safetensors-chain.js';
import { readSafetensors, readSafetensorsMetadata } from '../model/safetensors.js';
import { sizeOf } from '../numbers/size.js';
import { UserError } from '../user-error.js';
import { type ImportedModel, type ImportSettings, importedModel } from './imported-model.js';
import { graphOf } from './model-graph.js';
import { savedModel } from './saved-model.js';
import { formatKey } from './weights-file.js';

/** `settings`: null if the user says nothing. @throws UserError for files that we cannot run, and settings that do not fit. */
export function importFile(bytes: Uint8Array, file: string, settings: ImportSettings | null): ImportedModel {
  return isSafetensors(bytes, file) ? fromTensors(bytes, file, settings) : fromOnnx(bytes, file, settings);
}

/** By the ending, else by the header of JSON. */
function isSafetensors(bytes: Uint8Array, file: string): boolean {
  if (/\.(safetensors|onnx)$/i.test(file)) return /\.safetensors$/i.test(file);
  return bytes[8] === '{'.charCodeAt(0);
}

const nothing: ImportSettings = {
  ...{ shape: null, labels: null, activation: null, normalise: null },
  ...{ crop: 0, pool: 1, momentNormalise: false, set: 'idx', real: false },
};

function fromTensors(bytes: Uint8Array, file: string, settings: ImportSettings | null): ImportedModel {
  if (readSafetensorsMetadata(bytes, file)[formatKey] !== undefined)
    throw new UserError(`${file} is a model of this program already: use it as it is`);
  return importedModel(chainOfTensors(readSafetensors(bytes, file), file), settings ?? nothing, file);
}

function fromOnnx(bytes: Uint8Array, file: string, settings: ImportSettings | null): ImportedModel {
  const model = decodeOnnx(bytes, file);
  const isOwn = model.metadata.has(formatKey);
  const own = isOwn && settings === null ? ownModel(model, bytes, file) : null;
  if (own !== null) return own;
  try {
    const { shape } = settings ?? nothing;
    // Cropping and pooling come before the network of the file.
    const isWhole = settings === null || (settings.crop === 0 && settings.pool === 1);
    const width = shape === null || !isWhole ? null : sizeOf(shape);
    return importedModel(chainOf(model, file, width), settings ?? nothing, file);
  } catch (error) {
    if (!isOwn || !(error instanceof UserError)) throw error;
    const kept =
      'the file names this program but is not what it wrote, or it was written by another version: keep the .safetensors of models';
    throw new UserError(`${error.message}; ${kept}`, error.exitCode, { cause: error });
  }
}

/** Null if the file is not, byte for byte, what this program writes for the model. */
function ownModel(model: OnnxModel, bytes: Uint8Array, file: string): ImportedModel | null {
  const own = ownFile(model);
  if (own === null) return null;
  try {
    const graph = graphOf(savedModel(own, file));
    const metadata = Object.fromEntries(model.metadata);
    const again = toOnnx(graph, { version: model.producerVersion, metadata });
    return Buffer.compare(again, bytes) === 0 ? { ...own, notes: [] } : null;
  } catch (error) {
    if (error instanceof UserError) return null;
    throw error;
  }
}

/** Sizes in words, such as 28x28. @throws UserError (usage). */
export function parseShape(text: string): readonly number[] {
  const sizes = text.split(/[x×,]/).map(Number);
  const isGood =
    sizes.length <= 3 && sizes.every((size) => Number.isInteger(size) && size >= 1 && size <= 65_536);
  if (!isGood) throw UserError.refusal('--shape', 'one to three sizes, such as 28x28', text);
  return sizes.length === 2 ? [...sizes, 1] : sizes;
}
