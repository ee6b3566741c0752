/** HTML by template: inserted values are escaped, unless this module already made them HTML. */

export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Part = string | number | Html | readonly (string | number | Html)[];

/** Valid in text and in quoted attributes. */
export function escapeHtml(text: string): string {
  const entities: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replace(/[&<>"']/g, (character) => entities[character]);
}

export function html(literals: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(literals.reduce((sum, literal, i) => sum + rendered(parts[i - 1]) + literal));
}

/** Text that is known to be HTML: our own SVG, a style sheet. */
export const trusted = (text: string): Html => new Html(text);

function rendered(part: Part): string {
  if (part instanceof Html) return part.text;
  return typeof part === 'object' ? part.map(rendered).join('') : escapeHtml(String(part));
}
