/** Writes configs/schema.json from the built schema: `npx tsc -p tsconfig.json && node scripts/write-config-schema.ts`. */

import { writeFileSync } from 'node:fs';
import { configJsonSchemaText } from '../dist/config/json-schema.js';

writeFileSync(new URL('../configs/schema.json', import.meta.url), configJsonSchemaText());
