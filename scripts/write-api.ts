/** Writes docs/api.md: `npm run docs`. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { extractApi } from './api/extract.ts';
import { apiPage } from './api/page.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
writeFileSync(`${root}docs/api.md`, apiPage(extractApi(root).declarations));
