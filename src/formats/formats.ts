/** The export formats. A new format is a file and an entry here; only the file of the selected format is loaded. */
import type { Graph } from '../model/op.js';
import { readSafetensors, readSafetensorsMetadata } from '../model/safetensors.js';

export interface WriteOptions {
  /** Prefix of the names in the file, for formats with `takesName`; null: the format's own. */
  readonly name: string | null;
  /** Weights in 8 bits, for formats with `takesInt8`. */
  readonly isQuantised: boolean;
  /** Name of the file to be written, without its folder. */
  readonly fileName: string;
  /** The weights file that the graph was read from. */
  readonly source: Uint8Array;
  /** Of this program. */
  readonly version: string;
}

export interface Written {
  readonly data: string | Uint8Array;
  /** Other files of the format, by their names; in the same folder. */
  readonly beside?: ReadonlyMap<string, string | Uint8Array>;
  /** What the format leaves out, one line each. */
  readonly notes?: readonly string[];
}

export interface Format {
  readonly name: string;
  /** The ending of file names that selects it; null: only its name does. */
  readonly ending: string | null;
  /** What the file is, in words. */
  readonly holds: string;
  readonly takesName?: boolean;
  readonly takesInt8?: boolean;
  /** Whether it holds models that no graph can express, such as those of texts. */
  readonly holdsAll?: boolean;
  /** @throws UserError for a graph that the format cannot express. */
  readonly write: (graph: () => Graph, options: WriteOptions) => Promise<Written>;
}

export const formats: readonly Format[] = [
  {
    name: 'safetensors',
    ending: '.safetensors',
    holds: 'the weights file itself',
    holdsAll: true,
    write: async (_, { source }) => ({ data: source }),
  },
  {
    name: 'mjs',
    ending: '.mjs',
    holds: 'an ES module without imports',
    write: async (graph) => ({ data: (await import('./module.js')).toModule(graph()) }),
  },
  {
    name: 'h',
    ending: '.h',
    holds: 'a C99 header',
    takesName: true,
    takesInt8: true,
    write: async (graph, { name, isQuantised }) => ({
      data: (await import('./header.js')).toHeader(graph(), { name: name ?? 'model', isQuantised }),
    }),
  },
  {
    name: 'onnx',
    ending: '.onnx',
    holds: 'an ONNX model',
    write: async (graph, { source, version }) => {
      const [{ toOnnx }, { onnxMetadata }] = await Promise.all([
        import('./onnx/write.js'),
        import('./onnx/own.js'),
      ]);
      const metadata = onnxMetadata(
        readSafetensorsMetadata(source, 'model'),
        readSafetensors(source, 'model'),
      );
      return { data: toOnnx(graph(), { version, metadata }) };
    },
  },
  {
    name: 'tfjs',
    // Before that of plain JSON.
    ending: '.tfjs.json',
    holds: 'a TensorFlow.js layers model',
    write: async (graph, { source, version, fileName }) => {
      const weightsName = `${fileName.replace(/(\.tfjs)?\.json$/i, '')}.weights.bin`;
      const metadata = readSafetensorsMetadata(source, 'model');
      const { toTfjs } = await import('./tfjs/write.js');
      const { json, weights, notes } = toTfjs(graph(), { version, metadata, weightsName });
      return { data: json, beside: new Map([[weightsName, weights]]), notes };
    },
  },
  {
    name: 'json',
    ending: '.json',
    holds: 'the operations of the model as JSON',
    write: async (graph) => ({ data: (await import('./json.js')).toJson(graph()) }),
  },
];

/** By its name, or by the ending of a file's name; undefined if there is none. */
export const formatNamed = (name: string): Format | undefined => formats.find((one) => one.name === name);
export const formatOf = (fileName: string): Format | undefined =>
  formats.find(({ ending }) => ending !== null && fileName.toLowerCase().endsWith(ending));
