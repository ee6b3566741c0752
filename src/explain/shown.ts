/** Names and cells of a table, for a page: they may hold anything. */
import { shortened } from '../tables/schema.js';

/** Neither control characters nor those that turn the direction of the text around them. Markup is escaped by the page. */
export const shown = (text: string, most = 60): string =>
  shortened(text.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, '\ufffd'), most);
