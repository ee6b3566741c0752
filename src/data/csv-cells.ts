/** Separators of CSV files: finding them, splitting lines. */
import Papa from 'papaparse';

export type Separator = ',' | ';' | '\t' | '|' | ' ';

/** A class name may hold spaces, and a decimal comma may stand beside semicolons: the surest sign comes first. */
const separators: readonly Separator[] = ['\t', ';', '|', ',', ' '];

/** The separator that most of the lines hold outside quotes; a comma if there is none. */
export function separatorOf(lines: readonly string[]): Separator {
  const bare = lines.map((line) => line.trim().replace(/"[^"]*"/g, ''));
  const lineCount = (separator: Separator) => bare.filter((line) => line.includes(separator)).length;
  const most = Math.max(...separators.map(lineCount), 0);
  return (most > 0 && separators.find((separator) => lineCount(separator) === most)) || ',';
}

/** In a file separated by spaces, several spaces count as one. */
const spaced = (text: string, separator: Separator): string =>
  separator === ' ' ? text.replace(/^[ \t]+|[ \t\r]+$/gm, '').replace(/[ \t]+/g, ' ') : text;

/** The rows of whole lines. */
export function splitRows(text: string, separator: Separator): Papa.ParseResult<string[]> {
  // Without quotes in the text, Papa uses its fast mode: a plain split.
  return Papa.parse<string[]>(spaced(text, separator), { delimiter: separator, newline: '\n' });
}

/** The rows that end within the text, whose quoted cells may hold line feeds, and the text after them. */
export function splitWholeRows(
  text: string,
  separator: Separator,
): {
  readonly rows: string[][];
  readonly rest: string;
  readonly hasQuotes: boolean;
  readonly errorRow: number | null;
} {
  const given = spaced(text, separator);
  const parser = new Papa.Parser({ delimiter: separator, newline: '\n' });
  const { data, errors, meta }: Papa.ParseResult<string[]> = parser.parse(given, 0, true);
  const quote = errors.find(({ type }) => type === 'Quotes');
  return {
    rows: data,
    rest: given.slice(meta.cursor),
    hasQuotes: given.includes('"'),
    errorRow: quote === undefined ? null : (quote.row ?? 0),
  };
}
