/** What the `report` command does; it loads the packages that draw charts. */

import { setImmediate as otherEvents } from 'node:timers/promises';
import { plural } from '../numbers/words.js';
import { buildReport } from '../report/build-report.js';
import { csvFiles } from '../report/csv-files.js';
import type { Report } from '../report/document.js';
import { figureFile } from '../report/figure-file.js';
import { htmlPage } from '../report/html-page.js';
import { loadRuns } from '../report/load-runs.js';
import { damageLine } from '../report/log-problems.js';
import { markdownPage } from '../report/markdown-page.js';
import { nameOf } from '../report/run.js';
import { survey } from '../report/settings.js';
import type { CommandContext } from '../run/command-context.js';
import { createRunFolder, shownFolder, writeAtomic } from '../run/run-folder.js';
import { ExitCode, UserError } from '../user-error.js';

export interface ReportOptions {
  /** Run folders, raw logs, or folders of either. */
  readonly paths: readonly string[];
  readonly out: string | null;
}

const charts = 'charts';

/**
 * Damaged logs are reported first; their readable part is still used.
 * @throws UserError for a missing path (usage), if no run could be read, or if a file cannot be written.
 */
export async function report({ paths, out }: ReportOptions, context: CommandContext): Promise<ExitCode> {
  const { progress, signal } = context;
  const loaded = await loadRuns(paths, signal);
  if (loaded.runs.length === 0)
    throw new UserError(`no run could be read in ${paths.join(', ')}; check-log lists the problems`);
  progress.note(
    `read ${plural(loaded.runs.length, 'run')} of ${plural(loaded.files, 'log')}, ${loaded.lines} lines`,
  );
  // Of whole files; the report lists all problems.
  for (const damage of loaded.damages)
    if (damage.kind === 'warning' && damage.line === 0) context.stderr(damageLine(damage));
  const found = survey(loaded.runs);
  const built = await buildReport(loaded, found, signal);
  await otherEvents(null, { signal });
  const { warn } = context.warnings;
  const folder = await createRunFolder({ root: 'results/reports', out, name: nameOf(loaded.runs[0]), warn });
  const files = new Map([
    ['report.html', htmlPage(built)],
    ['report.md', markdownPage(built, charts)],
    ...csvFiles(found),
  ]);
  await Promise.all([...files].map(([name, text]) => writeAtomic(folder.file(name), text)));
  const drawn = await writeCharts(built, folder.file(charts));
  const damaged = new Set(loaded.damages.filter(({ kind }) => kind === 'damage').map(({ file }) => file))
    .size;
  if (context.json) {
    const left = Object.fromEntries(built.leftOut.map(({ title, reason }) => [title, reason]));
    const counts = { runs: loaded.runs.length, logs: loaded.files, machines: found.machines.length, damaged };
    context.stdout(
      JSON.stringify({
        schema: 1,
        ...counts,
        folder: folder.path,
        files: [...files.keys()],
        charts: drawn,
        leftOut: left,
        problems: loaded.damages,
      }),
    );
    return ExitCode.done;
  }
  const shown = shownFolder(folder);
  for (const { title, reason } of built.leftOut) context.stdout(`omitted    ${title}: ${reason}`);
  if (damaged > 0)
    context.stdout(
      `damaged    ${plural(damaged, 'log')}; the readable part is used, the report lists the problems first`,
    );
  context.stdout(`read       ${built.summary}`);
  context.stdout(`report     ${shown}/report.html`);
  context.stdout(
    `also       report.md, ${[...files.keys()].filter((name) => name.endsWith('.csv')).join(', ')}, ${charts}/ (${plural(drawn, 'chart')})`,
  );
  return ExitCode.done;
}

/** Writes the charts that the Markdown shows; returns their number. */
async function writeCharts(built: Report, folder: string): Promise<number> {
  const all = built.sections.flatMap(({ blocks }) =>
    blocks.flatMap((block) => (block.kind === 'figures' ? block.figures : [])),
  );
  if (all.length === 0) return 0;
  const { path } = await createRunFolder({ root: folder, out: folder, name: charts });
  await Promise.all(all.map((figure) => writeAtomic(`${path}/${figure.name}.svg`, figureFile(figure))));
  return all.length;
}
