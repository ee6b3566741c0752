/** The `import` command: a network of another program, from an ONNX or a safetensors file, as a model file of ours. */
import { activations } from '../config/choices.js';
import { namesOf } from '../data/target.js';
import { sizeOf } from '../data/transforms/transform.js';
import { cannot } from '../file-failure.js';
import { importFile, parseShape } from '../inference/import-file.js';
import type { ImportSettings } from '../inference/imported-model.js';
import { savedModel } from '../inference/saved-model.js';
import { readWholeFile } from '../memory/whole-file.js';
import { writeSafetensors } from '../model/safetensors.js';
import { writeAtomic } from '../run/atomic-file.js';
import type { CommandContext } from '../run/command-context.js';
import { ExitCode, UserError } from '../user-error.js';
import type { Command } from './command.js';

interface ImportFlags {
  readonly to: string;
  readonly shape?: string;
  readonly labels?: string;
  readonly real: boolean;
}

/** What a user may say of a network, each with its values. */
const choices = {
  'model.activation': activations,
  'data.normalise': ['mnist', 'none'],
  'data.crop': null,
  'data.pool': ['1', '2'],
  'data.momentNormalise': ['true', 'false'],
  'data.set': ['mnist', 'fashion-mnist', 'kmnist', 'idx', 'csv'],
} as const;

type Key = keyof typeof choices;

const keys = Object.keys(choices) as Key[];

export const command: Command<ImportFlags> = {
  declare: (parser) =>
    parser
      .argument('<file>', 'an .onnx or .safetensors file')
      .argument('[key=value...]', `what the file does not say: ${keys.join(', ')}`)
      .requiredOption('--to <model>', 'the .safetensors file to write')
      .option('--shape <sizes>', 'sizes of a sample, such as 28x28')
      .option('--real', 'samples are real numbers, not pixels from 0 to 255', false)
      .option('--labels <names>', 'names of the classes, with commas between (default: 0,1,2 and so on)'),
  run: ([file, ...words], flags, context) => run(file, words, flags, context),
};

async function run(
  file: string,
  words: readonly string[],
  { to, shape, labels, real }: ImportFlags,
  context: CommandContext,
): Promise<ExitCode> {
  if (!to.endsWith('.safetensors')) throw UserError.refusal('--to', 'a name that ends in .safetensors', to);
  const isSilent = words.length === 0 && shape === undefined && labels === undefined && !real;
  const settings = isSilent ? null : settingsOf(words, { to, shape, labels, real });
  const { tensors, metadata, notes } = importFile(contents(file), file, settings);
  // Opened as every command will open it.
  const { config, pipeline, target } = savedModel({ tensors, metadata }, to);
  const names = namesOf(target);
  await writeAtomic(to, writeSafetensors(tensors, metadata));
  for (const note of notes) context.warnings.warn('import-assumed', note);
  const layers = [sizeOf(pipeline.output), ...config.model.hidden, names.length];
  const { list: warnings } = context.warnings;
  const activation = layers.length > 2 ? `, ${config.model.activation}` : '';
  context.stdout(
    context.json
      ? JSON.stringify({ schema: 1, file, model: to, layers, metadata, warnings })
      : `${to}: ${layers.join('-')}${activation}, data.normalise=${config.data.normalise}, samples of ${pipeline.input.join('×')}`,
  );
  return ExitCode.done;
}

function contents(file: string): Uint8Array {
  try {
    return readWholeFile(file);
  } catch (cause) {
    throw cannot('read', file, cause);
  }
}

/** @throws UserError (usage) for other keys and values. */
function settingsOf(words: readonly string[], { shape, labels, real }: ImportFlags): ImportSettings {
  const given = new Map<string, string>();
  for (const word of words) {
    const [key, ...value] = word.split('=');
    if (!keys.some((one) => one === key))
      throw UserError.refusal('import', `one of ${keys.join(', ')} with =value`, word);
    given.set(key, value.join('='));
  }
  const one = <K extends Key>(
    key: K,
  ): (typeof choices)[K] extends readonly (infer Word)[] ? Word | null : never => {
    const text = given.get(key) ?? null;
    const words: readonly string[] = choices[key] ?? [];
    if (text !== null && !words.includes(text))
      throw UserError.refusal(key, `one of ${words.join(', ')}`, text);
    return text as never;
  };
  const crop = given.get('data.crop') ?? '0';
  if (!/^\d{1,4}$/.test(crop)) throw UserError.refusal('data.crop', 'an integer from 0 up', crop);
  return {
    shape: shape === undefined ? null : parseShape(shape),
    labels: labels === undefined ? null : labels.split(',').map((label) => label.trim()),
    activation: one('model.activation'),
    normalise: one('data.normalise'),
    crop: Number(crop),
    pool: one('data.pool') === '2' ? 2 : 1,
    momentNormalise: one('data.momentNormalise') === 'true',
    set: one('data.set') ?? 'idx',
    real,
  };
}
