/** The configuration file as a JSON Schema, for editors: completion, hover texts and errors underlined while typing. */

import * as z from 'zod';
import { choiceSections, describeKeys } from './keys.js';
import { configSchema } from './schema.js';

const fileSchema = configSchema.extend({
  extends: z
    .string()
    .min(1)
    .optional()
    .describe('Another YAML file, relative to this one, whose keys this one adds to or overrides'),
});

/** Draft 7, the newest draft that yaml-language-server supports in full. Every key may be left out. */
export function configJsonSchema(): Record<string, unknown> {
  const { $schema, ...body } = z.toJSONSchema(fileSchema, {
    target: 'draft-7',
    io: 'input',
    override: ({ jsonSchema }) => {
      // zod adds the bound of integers that a double holds exactly; a user need not see it.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  });
  for (const { section, discriminator } of choiceSections()) {
    const named = describeKeys().find(({ key }) => key === `${section}.${discriminator}`);
    const mapping = body.properties?.[section];
    // A word alone stands for the name.
    if (typeof mapping === 'object') mapping.oneOf?.unshift({ enum: [...(named?.choices ?? [])] });
  }
  return { $schema, title: 'shardstep configuration', ...body };
}

/** The text of configs/schema.json. */
export function configJsonSchemaText(): string {
  return `${JSON.stringify(configJsonSchema(), null, 1).replace(/\n +/g, '\n')}\n`;
}
