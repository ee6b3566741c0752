/** Exported headers, compiled by gcc without a warning and run on samples. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type HeaderOptions, toHeader } from '../../dist/formats/header.js';
import type { Graph } from '../../dist/model/op.js';
import { folder, type Predict } from './graphs.ts';

const found = spawnSync('gcc', ['--version'], { encoding: 'utf8' });
const isRequired = process.env.SHARDSTEP_REQUIRE_GCC === '1';

/** For `skip` of a test: false if gcc is there, or required. */
export const withoutGcc: string | false =
  found.status === 0 || isRequired
    ? false
    : 'SKIPPED: gcc is not installed (SHARDSTEP_REQUIRE_GCC=1 makes this fail)';

export const strict = ['-std=c99', '-O2', '-Wall', '-Wextra', '-Werror', '-Wconversion', '-pedantic'];

/** Reads samples from stdin; writes the index and the probabilities of each as binary. */
const driver = (header: string, name: string, type: string) => `#include <stdio.h>
#include "${header}"
int main(void)
{
    static ${type} input[${name.toUpperCase()}_INPUTS];
    float probabilities[${name.toUpperCase()}_CLASSES];
    while (fread(input, sizeof input, 1, stdin) == 1) {
        const int index = ${name}_predict(input, probabilities);
        fwrite(&index, sizeof index, 1, stdout);
        fwrite(probabilities, sizeof probabilities, 1, stdout);
    }
    return 0;
}
`;

let built = 0;

export interface Compiled {
  readonly header: string;
  /** Of samples in rows: what the program answers of each. */
  run(samples: Uint8Array | Float32Array): ReturnType<Predict>[];
}

export function compiled(
  graph: Graph,
  options: HeaderOptions = {},
  compiler = 'gcc',
  flags = strict,
): Compiled {
  const name = options.name ?? 'model';
  const file = `model-${built++}`;
  const header = toHeader(graph, options);
  writeFileSync(join(folder, `${file}.h`), header);
  const type = graph.values === 'uint8' ? 'uint8_t' : 'float';
  const source = join(folder, `${file}.c`);
  writeFileSync(source, driver(`${file}.h`, name, type));
  const program = join(folder, file);
  const made = spawnSync(compiler, [...flags, source, '-o', program, '-lm'], { encoding: 'utf8' });
  assert.equal(made.status, 0, `${made.error ?? ''}${made.stderr}`.slice(0, 3000));
  const classes = graph.labels.length;
  return {
    header,
    run(samples) {
      const input = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
      const { stdout, status, stderr } = spawnSync(program, { input, maxBuffer: 2 ** 28 });
      assert.equal(status, 0, String(stderr));
      const answer = 4 * (1 + classes);
      return Array.from({ length: stdout.length / answer }, (_, i) => {
        const index = stdout.readInt32LE(i * answer);
        const probabilities = Array.from({ length: classes }, (__, k) =>
          stdout.readFloatLE(i * answer + 4 + 4 * k),
        );
        return { index, label: graph.labels[index], probabilities };
      });
    },
  };
}

/** As a function of one sample of those that all have been answered before; `size`: values of a sample. */
export function answering(program: Compiled, samples: Uint8Array | Float32Array, size: number): Predict {
  const answers = program.run(samples);
  return (sample) => {
    assert.ok(ArrayBuffer.isView(sample));
    return answers[(sample.byteOffset - samples.byteOffset) / (size * samples.BYTES_PER_ELEMENT)];
  };
}
