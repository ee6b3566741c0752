/** The command line as one layer: `key=value` words, whose values are YAML, and the values of flags. */

import { quoted } from '../user-error.js';
import { choiceSections } from './keys.js';
import { type Branch, emptyBranch, layerOf, place, type Source } from './layer.js';
import { type Problem, refuse, wording } from './refusal.js';

const commandLine: Source = { label: 'command line', rank: 0 };

/**
 * The last word for a key wins, and a flag wins over a word. All words form one layer, so the order of
 * `schedule.gamma=0.5 schedule.name=step` does not matter.
 */
export async function commandLineLayer(
  words: readonly string[],
  flags: Readonly<Record<string, unknown>>,
): Promise<Branch> {
  const layer = emptyBranch(commandLine);
  const problems: Problem[] = [];
  const choices = choiceSections();
  for (const word of words) {
    const equals = word.indexOf('=');
    const key = word.slice(0, Math.max(0, equals)).trim();
    if (key === '') {
      problems.push({
        source: commandLine.label,
        path: [],
        text: `expected key=value, got ${quoted(word)}`,
      });
      continue;
    }
    const text = word.slice(equals + 1);
    const value = await parseValue(text);
    if ('reason' in value) {
      const expected = wording('a YAML value', text);
      problems.push({
        source: commandLine.label,
        path: key.split('.'),
        text: `${expected}: ${value.reason}`,
      });
      continue;
    }
    const choice = choices.find(({ section }) => section === key);
    // `backend=js` is `backend.name=js`, in any order with other words for the section.
    const path = choice && typeof value.parsed === 'string' ? [key, choice.discriminator] : key.split('.');
    place(layer, path, layerOf(value.parsed, commandLine));
  }
  if (problems.length > 0) refuse(problems);
  for (const [key, value] of Object.entries(flags)) {
    if (value !== undefined) place(layer, key.split('.'), layerOf(value, commandLine));
  }
  return layer;
}

async function parseValue(text: string): Promise<{ parsed: unknown } | { reason: string }> {
  const { parseYaml, YamlProblem } = await import('./yaml-text.js');
  try {
    return { parsed: parseYaml(text) };
  } catch (error) {
    if (error instanceof YamlProblem) return { reason: error.message };
    throw error;
  }
}
