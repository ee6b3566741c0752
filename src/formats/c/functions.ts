/**
 * The primitive operations as C99 functions: the same arithmetic as `runtime/operations.ts`, in float32, or in double
 * where the operations do. `name` is the prefix of the model, `from` and `to` are the types of values before and after.
 */
import type { CType } from './literals.js';

export interface CFunction {
  /** Its name, and the text that defines it. */
  readonly name: string;
  readonly text: string;
}

const made = (name: string, parameters: string, body: string): CFunction => ({
  name,
  text: `static inline void ${name}(${parameters})\n{\n${body}}\n`,
});

/** The suffix of a function for these types. */
const suffix = (...types: CType[]) =>
  types
    .map((type) => ({ uint8_t: 'u8', uint16_t: 'u16', int8_t: 'i8', float: 'f', double: 'd' })[type])
    .join('_');

export const lookup = (name: string): CFunction =>
  made(
    `${name}_lookup`,
    'const uint8_t *x, const uint8_t *table, int count, uint8_t *y',
    '    for (int i = 0; i < count; i++)\n        y[i] = table[x[i]];\n',
  );

export const crop = (name: string, type: CType): CFunction =>
  made(
    `${name}_crop_${suffix(type)}`,
    `const ${type} *x, int by, int rows, int columns, ${type} *y`,
    `    for (int r = by; r < rows - by; r++)
        for (int c = by; c < columns - by; c++)
            *y++ = x[r * columns + c];
`,
  );

export const sumPool = (name: string, from: CType, to: CType): CFunction =>
  made(
    `${name}_sum_pool_${suffix(from, to)}`,
    `const ${from} *x, int rows, int columns, ${to} *y`,
    `    for (int r = 0; r + 1 < rows; r += 2)
        for (int c = 0; c + 1 < columns; c += 2) {
            const ${from} *p = x + r * columns + c;
            *y++ = (${to})(p[0] + p[1] + p[columns] + p[columns + 1]);
        }
`,
  );

/** `isOne`: a single scale; `real`: the type of scale and shift. */
export const affine = (name: string, from: CType, to: CType, real: CType, isOne: boolean): CFunction =>
  made(
    `${name}_affine_${suffix(from, to, real)}${isOne ? '_one' : ''}`,
    `const ${from} *x, const ${real} *scale, const ${real} *shift, int count, ${to} *y`,
    `    for (int i = 0; i < count; i++)
        y[i] = (${to})x[i] * scale[${isOne ? 0 : 'i'}] - shift[i];
`,
  );

/** Rounded like JavaScript's Math.round: halves upwards. */
export const fixedPoint = (name: string, from: CType): CFunction =>
  made(
    `${name}_fixed_point_${suffix(from)}`,
    `const ${from} *x, double step, double bound, int count, float *y`,
    `    for (int i = 0; i < count; i++) {
        double value = ((double)x[i] + bound) / step, whole = floor(value);
        if (value - whole >= 0.5)
            whole += 1.0;
        if (whole < 0.0)
            whole = 0.0;
        if (whole > 65535.0)
            whole = 65535.0;
        y[i] = (float)(whole * step - bound);
    }
`,
  );

/** Eight sums at a time: less rounding than one, and compilers can vectorise them. */
export const dense = (name: string, from: CType, weight: CType, to: 'float' | 'double'): CFunction => {
  const isQuantised = weight === 'int8_t';
  const scales = isQuantised ? 'const float *scale, ' : '';
  const value = (at: string) => `(${to})weight[${at}] * ${from === to ? '' : `(${to})`}x[${at}]`;
  return made(
    `${name}_dense_${suffix(from, weight, to)}`,
    `const ${from} *x, const ${weight} *weight, ${scales}const ${to} *bias, int inputs, int outputs, ${to} *y`,
    `    for (int o = 0; o < outputs; o++, weight += inputs) {
        ${to} s[8] = { 0 };
        int i = 0;
        for (; i + 8 <= inputs; i += 8)
            for (int k = 0; k < 8; k++)
                s[k] += ${value('i + k')};
        for (; i < inputs; i++)
            s[0] += ${value('i')};
        s[0] = ((s[0] + s[4]) + (s[1] + s[5])) + ((s[2] + s[6]) + (s[3] + s[7]));
        y[o] = bias[o] + s[0]${isQuantised ? ' * scale[o]' : ''};
    }
`,
  );
};

/** Inputs that `denseTiled` converts at a time. */
const tile = 128;
export const tileBytes = 4 * tile;

/** Integers by weights in float32: a tile of them is converted once, for all outputs. */
export const denseTiled = (name: string, from: CType): CFunction =>
  made(
    `${name}_dense_tiled_${suffix(from)}`,
    `const ${from} *x, const float *weight, const float *bias, int inputs, int outputs, float *y`,
    `    for (int o = 0; o < outputs; o++)
        y[o] = bias[o];
    for (int first = 0; first < inputs; first += ${tile}) {
        const int count = inputs - first < ${tile} ? inputs - first : ${tile};
        float v[${tile}];
        for (int i = 0; i < count; i++)
            v[i] = (float)x[first + i];
        for (int o = 0; o < outputs; o++) {
            const float *row = weight + (size_t)o * (size_t)inputs + (size_t)first;
            float s[8] = { 0 };
            int i = 0;
            for (; i + 8 <= count; i += 8)
                for (int k = 0; k < 8; k++)
                    s[k] += row[i + k] * v[i + k];
            for (; i < count; i++)
                s[0] += row[i] * v[i];
            y[o] += ((s[0] + s[4]) + (s[1] + s[5])) + ((s[2] + s[6]) + (s[3] + s[7]));
        }
    }
`,
  );

/** Integer pixels and weights: exact sums; scale and bias contain the map from pixels to inputs. `sum`: wide enough. */
export const denseIntegers = (name: string, from: CType, sum: 'int32_t' | 'int64_t'): CFunction =>
  made(
    `${name}_dense_integers_${suffix(from)}_${sum === 'int32_t' ? 32 : 64}`,
    `const ${from} *x, const int8_t *weight, const float *scale, const float *bias, int inputs, int outputs, float *y`,
    `    for (int o = 0; o < outputs; o++, weight += inputs) {
        ${sum} sum = 0;
        for (int i = 0; i < inputs; i++)
            sum += (${sum})weight[i] * x[i];
        y[o] = bias[o] + (float)sum * scale[o];
    }
`,
  );

/** `project`: the dense function for the components. */
export const products = (name: string, from: CType, project: CFunction): CFunction =>
  made(
    `${name}_products_${suffix(from)}`,
    `const ${from} *x, const float *weight, const float *bias, const float *mean, int inputs, int components, float *p, float *y`,
    `    for (int i = 0; i < inputs; i++)
        y[i] = (float)x[i];
    y += inputs;
    ${project.name}(x, weight, bias, inputs, components, p);
    for (int i = 0; i < components; i++)
        for (int j = i; j < components; j++)
            *y++ = p[i] * p[j] - *mean++;
`,
  );

const suffixOf = (type: CType) => (type === 'double' ? '' : 'f');
const literalIn = (type: CType) => (text: string) => `${text}${suffixOf(type)}`;

/** From x to y, which may be the same. */
const elementwise =
  (kind: string, of: (to: CType) => string) =>
  (name: string, from: CType, to: CType): CFunction =>
    made(
      `${name}_${kind}_${suffix(from, to)}`,
      `const ${from} *x, int count, ${to} *y`,
      `    for (int i = 0; i < count; i++) {
        const ${to} z = (${to})x[i];
        y[i] = ${of(to)};
    }
`,
    );

const relu = elementwise('relu', () => 'z > 0 ? z : 0');

const tanh = elementwise('tanh', (to) => `tanh${suffixOf(to)}(z)`);

/** √(2 / π) = 0.797884560802865… */
const gelu = elementwise('gelu', (to) => {
  const n = literalIn(to);
  return `${n('0.5')} * z * (${n('1.0')} + tanh${suffixOf(to)}(${n('0.7978845608028654')} * (z + ${n('0.044715')} * z * z * z)))`;
});

/** e^−z may be infinite: then it is 0. */
const sigmoid = elementwise('sigmoid', (to) => {
  const one = literalIn(to)('1.0');
  return `${one} / (${one} + exp${suffixOf(to)}(-z))`;
});

export const activations = { relu, tanh, gelu, sigmoid } as const;

export const softmax = (name: string): CFunction =>
  made(
    `${name}_softmax`,
    'const float *x, int count, float *y',
    `    float most = x[0], sum = 0.0f;
    for (int i = 1; i < count; i++)
        if (x[i] > most)
            most = x[i];
    for (int i = 0; i < count; i++)
        sum += y[i] = expf(x[i] - most);
    for (int i = 0; i < count; i++)
        y[i] /= sum;
`,
  );

export const shares = (name: string): CFunction =>
  made(
    `${name}_shares`,
    'const float *x, int count, float *y',
    `    float sum = 0.0f;
    for (int i = 0; i < count; i++)
        sum += y[i] = x[i] > 0.0f ? x[i] : 0.0f;
    for (int i = 0; i < count; i++)
        y[i] = sum > 0.0f ? y[i] / sum : 1.0f / (float)count;
`,
  );
