/**
 * The content of a report, before it becomes HTML or Markdown: the sections fill it, the pages print it. Plain text
 * everywhere.
 */

export interface Table {
  readonly heading: readonly string[];
  /** Alignment by column; left if none is given. */
  readonly align?: readonly ('l' | 'r')[];
  readonly rows: readonly (readonly string[])[];
}

export interface LegendEntry {
  readonly colour: string;
  readonly label: string;
}

export interface Figure {
  /** Also the name of its file: unique in a report, letters, digits and `-`. */
  readonly name: string;
  readonly title: string;
  /** Necessary for reading the chart correctly. */
  readonly caption: string;
  /** An `<svg>` element of `drawChart`, `width` × `height`. */
  readonly svg: string;
  readonly width: number;
  readonly height: number;
  readonly legend: readonly LegendEntry[];
}

export type Block =
  | { readonly kind: 'words'; readonly text: string }
  | { readonly kind: 'table'; readonly title: string; readonly table: Table }
  /** Figures beside each other if there is room. */
  | { readonly kind: 'figures'; readonly figures: readonly Figure[] };

export interface Section {
  readonly title: string;
  readonly blocks: readonly Block[];
}

/** A section without content has the reason. */
export interface LeftOut {
  readonly title: string;
  readonly reason: string;
}

export interface Report {
  readonly title: string;
  /** One line: how much was read. */
  readonly summary: string;
  /** Damages of the logs. */
  readonly notices: readonly string[];
  readonly sections: readonly Section[];
  readonly leftOut: readonly LeftOut[];
}

export const words = (text: string): Block => ({ kind: 'words', text });
export const table = (title: string, content: Table): Block => ({ kind: 'table', title, table: content });
export const figures = (drawn: readonly Figure[]): Block => ({ kind: 'figures', figures: drawn });
