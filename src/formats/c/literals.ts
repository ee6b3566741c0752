/** Numbers, names and strings as C99 source text. */

export type CType = 'uint8_t' | 'uint16_t' | 'int8_t' | 'float' | 'double';

export const bytesOf: Readonly<Record<CType, number>> = {
  uint8_t: 1,
  uint16_t: 2,
  int8_t: 1,
  float: 4,
  double: 8,
};

/** The shortest text that reads as the same float32; finite. */
export function floatLiteral(value: number): string {
  const rounded = Math.fround(value);
  for (let digits = 1; digits < 9; digits++) {
    const text = rounded.toPrecision(digits);
    if (Math.fround(Number(text)) === rounded) return `${withPoint(String(Number(text)))}f`;
  }
  return `${withPoint(String(Number(rounded.toPrecision(9))))}f`;
}

export const doubleLiteral = (value: number): string => withPoint(String(value));

/** `1` and `1e-7` are no constants of floating type without a point or an exponent. */
const withPoint = (text: string) => (/[.e]/.test(text) ? text : `${text}.0`);

const lineLength = 110;

/** `static const TYPE NAME[n] = { … };` */
export function constantArray(type: CType, name: string, values: ArrayLike<number>): string {
  const literal = type === 'float' ? floatLiteral : type === 'double' ? doubleLiteral : String;
  const lines: string[] = [];
  let line = ' ';
  for (let i = 0; i < values.length; i++) {
    const text = ` ${literal(values[i])},`;
    if (line.length + text.length > lineLength) {
      lines.push(line);
      line = ' ';
    }
    line += text;
  }
  return `static const ${type} ${name}[${values.length}] = {\n${[...lines, line].join('\n')}\n};\n`;
}

/** Bytes beyond printable ASCII in octal; `?` too, because of trigraphs. */
export function stringLiteral(text: string): string {
  const characters = Array.from(new TextEncoder().encode(text), (byte) => {
    const character = String.fromCharCode(byte);
    const isPlain = byte >= 32 && byte < 127 && !'"\\?'.includes(character);
    return isPlain ? character : `\\${byte.toString(8).padStart(3, '0')}`;
  });
  return `"${characters.join('')}"`;
}

/** Of C99 and C++, as embedded compilers may read headers as either. */
const keywords = new Set(
  (
    'auto break case char const continue default do double else enum extern float for goto if inline int long register ' +
    'restrict return short signed sizeof static struct switch typedef union unsigned void volatile while asm bool catch ' +
    'class delete explicit export false friend mutable namespace new operator private protected public template this ' +
    'throw true try typeid typename using virtual and or not xor constexpr nullptr noexcept decltype alignas alignof ' +
    'and_eq bitand bitor compl not_eq or_eq xor_eq const_cast dynamic_cast reinterpret_cast static_cast char16_t ' +
    'char32_t wchar_t static_assert thread_local main'
  ).split(' '),
);

/** Names longer than this, with their endings, may be cut by a compiler. */
const longestName = 40;

export const isCName = (name: string): boolean =>
  /^[A-Za-z][A-Za-z0-9_]*$/.test(name) && name.length <= longestName && !keywords.has(name);
