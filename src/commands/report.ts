/** The `report` command: one HTML file, Markdown with charts, and CSVs about a set of runs. */
import { missingCharts } from '../report/chart-packages.js';
import { UserError } from '../user-error.js';
import type { Command } from './command.js';
import { folder, outOption, quietOption } from './option-values.js';

export const command: Command<{ readonly out?: string }> = {
  declare: (parser) =>
    parser
      .argument('<run...>', 'run folders, NDJSON logs, or folders of either')
      .option(outOption, 'the folder of the report (default: a new one under results/reports/)', folder)
      .option(...quietOption),
  async run(paths, { out = null }, line) {
    const missing = await missingCharts();
    if (missing !== null) throw new UserError(`report: ${missing}`);
    const { report } = await import('./write-report.js');
    return report({ paths, out }, line);
  },
};
