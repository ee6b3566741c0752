/** The cross-validation of a run: its folds are trained before the model of all rows, and recorded with it. */
import type { Setup } from '../coordinator/setup.js';
import { plural } from '../numbers/words.js';
import type { CommandContext } from '../run/command-context.js';
import { metricInWords } from '../run/result-card.js';
import type { Before } from '../run/train-in-folder.js';
import { foldLines, foldsResult, outOfFold } from './fold-report.js';
import { crossValidate, dealFolds, type JudgedFold } from './folds.js';

export const outOfFoldName = 'out-of-fold.csv';

/** @throws UserError (usage) for more folds than rows. */
export function crossValidation(setup: Setup, folds: number, context: CommandContext): Before {
  const { dataset, config } = setup;
  const dealt = dealFolds(dataset, config, folds);
  const judged: JudgedFold[] = [];
  return {
    async run() {
      const note = (one: JudgedFold) => {
        judged.push(one);
        const [name, value] = Object.entries(one.metrics)[0] ?? [];
        const score =
          name === undefined || value === null ? '' : `, ${name} ${metricInWords(name, Number(value))}`;
        context.progress.note(
          `fold ${one.fold} of ${folds}: ${plural(one.rows, 'row')}, ${plural(one.epochs, 'epoch')}${score}`,
        );
      };
      await crossValidate(setup, dealt, folds, context, note);
      return null;
    },
    results() {
      if (judged.length === 0) return {};
      const result = foldsResult(judged, folds, dataset);
      return {
        files: { [outOfFoldName]: outOfFold(judged, dataset) },
        keys: { folds: result },
        lines: foldLines(result),
      };
    },
  };
}
