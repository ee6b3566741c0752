/** Operations whose results an implementation chooses: the functions of `Math` that are not exact, and `**`. */
import type { Tree } from './rooms.ts';

/**
 * Rooms and files that are off the path from seed, configuration and data to bits, and why. A name that ends in `/` is a
 * folder.
 */
export const offThePath: Readonly<Record<string, string>> = {
  'report/': 'reads finished runs',
  'explain/': 'measures and draws trained networks',
  'profile/': 'measures time',
  'machine/': 'measures the machine',
  'study/paired.ts': 'statistics of finished runs',
  'study/range-chart.ts': 'a chart',
  'study/study-markdown.ts': 'a text',
  'numbers/words.ts': 'numbers as text',
  'formats/runtime/': 'the text of exported programs, which refers to nothing outside itself',
  'brain/': "brain.js's own functions, to its bits on the same Node, and its random start",
  'formats/onnx/elementwise.ts': 'recognises functions by their values, within a tolerance',
  'formats/c/': 'the text of exported programs, and their sizes',
  'kernels/directions/direction-checks.ts': 'a self-test, within a tolerance',
  'kernels/directions/linear-checks.ts': 'a self-test, within a tolerance',
};

/** + − × ÷, these and comparisons give the same bits on every machine (ECMAScript, IEEE 754). */
const exact = new Set(
  'abs ceil clz32 floor fround imul max min round sign sqrt trunc PI E LN2 LN10 LOG2E LOG10E SQRT2 SQRT1_2'.split(
    ' ',
  ),
);

/** One line for each operation on the path that is not exact. */
export function inexact(tree: Tree): string[] {
  return [...tree]
    .filter(([file]) => !Object.keys(offThePath).some((off) => file.startsWith(off)))
    .flatMap(([file, raw]) => {
      const text = blanked(raw);
      const calls = [...text.matchAll(/\bMath\b\s*(?:\.\s*(\w+)|\[)?/g)]
        .filter(([, name]) => name === undefined || !exact.has(name))
        .map(({ 0: found, index }) => ({ found, index }));
      // A power of two with a whole exponent is a constant, made when the program is read.
      const powers = [...text.matchAll(/\*\*=|(?:\b2 )?\*\*(?: -?\d+(?![\w.]))?/g)]
        .filter(([found]) => !/^2 \*\* -?\d+$/.test(found))
        .map(({ 0: found, index }) => ({ found, index }));
      return [...calls, ...powers].map(
        ({ found, index }) => `${file}:${text.slice(0, index).split('\n').length}: ${found.trim()}`,
      );
    });
}

/** Comments and texts in quotes become blanks. */
function blanked(text: string): string {
  return text.replace(/("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, (all) =>
    all.replace(/[^\n]/g, ' '),
  );
}
