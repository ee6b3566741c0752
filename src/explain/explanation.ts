/** What `fit` does after a training on a table: explains the model, and writes fit-report.html beside it. */
import type { Setup } from '../coordinator/setup.js';
import { namesOf } from '../data/target.js';
import type { CommandContext } from '../run/command-context.js';
import type { CurvePoint } from '../run/metrics-file.js';
import type { After } from '../run/train-in-folder.js';
import type { EncoderJson } from '../tables/encoder.js';
import { explain, explainedPart } from './explain.js';
import { explanationFiles, explanationKeys, explanationLines } from './files.js';
import { type ReportInput, reportPage } from './page.js';
import type { Explanation } from './parts.js';

export const reportName = 'fit-report.html';

/** Notes that are lines of a table have its columns, which the report has anyway. */
const mostNotes = 100;

/** `notes`: of the table. Null: there is nothing to measure with or on. */
export function explanation(
  setup: Setup,
  notes: readonly string[],
  { progress }: CommandContext,
): After | null {
  const part = explainedPart(setup);
  if (part === null || setup.kernels === null || setup.dataset.train.table === undefined) {
    progress.note(
      part === null
        ? 'no report: all rows are for training'
        : 'no report: it needs rows of a table and backend.name=wasm',
    );
    return null;
  }
  let found: { readonly explanation: Explanation; readonly input: Omit<ReportInput, 'result'> } | null = null;
  return {
    async run({ setup, plan }, record) {
      if (record.tensors === null) return;
      progress.note('measuring the columns');
      const made = await explain(setup, plan, record.tensors, part);
      found = { explanation: made, input: inputOf(setup, made, record.metrics.curve, notes) };
    },
    results() {
      if (found === null) return {};
      const { explanation, input } = found;
      return {
        files: explanationFiles(explanation, input.names),
        keys: explanationKeys(explanation),
        cardLines: explanationLines(explanation),
        pages: (result) => ({ [reportName]: reportPage({ ...input, result }) }),
      };
    },
  };
}

function inputOf(
  { dataset, data }: Setup,
  explanation: Explanation,
  curve: readonly CurvePoint[],
  notes: readonly string[],
): Omit<ReportInput, 'result'> {
  const { encoder } = JSON.parse(data.pipeline.encoding?.json ?? '{}') as { encoder: EncoderJson };
  const { train, validation, test } = data.parts;
  const count = ({ values }: typeof train) => values.count;
  return {
    explanation,
    names: namesOf(dataset.target),
    columns: encoder.columns,
    targets: encoder.targets,
    curve,
    notes: notes.filter((line) => !line.startsWith('|')).slice(0, mostNotes),
    dataset: {
      source: dataset.source,
      rows: { training: count(train), validation: count(validation), test: count(test) },
    },
  };
}
