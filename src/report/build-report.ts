/** Assembles the sections of a report. Importing this file costs Plot, so only the report loads it. */

import { setImmediate as otherEvents } from 'node:timers/promises';
import { plural } from '../numbers/words.js';
import type { LeftOut, Report, Section } from './document.js';
import type { LoadedRuns } from './load-runs.js';
import { damageLine } from './log-problems.js';
import { paletteOf } from './plotting.js';
import { nameOf } from './run.js';
import { curvesSection } from './sections/curves.js';
import { machinesSection } from './sections/machines.js';
import { phasesSection } from './sections/phases.js';
import { runsSection } from './sections/runs.js';
import { scalingSection } from './sections/scaling.js';
import { stepsSection } from './sections/steps.js';
import { syncSection } from './sections/sync.js';
import { targetSection } from './sections/target.js';
import type { Setting, Survey } from './settings.js';

/** In turns with other events, such as signals: charts take a while. */
export async function buildReport(
  { runs, files, damages }: LoadedRuns,
  found: Survey,
  signal: AbortSignal,
): Promise<Report> {
  // A setting has the same colour in every chart; settings with finished runs get colours first.
  const ended = (setting: Setting) => setting.tracks.some(({ finished }) => finished);
  const byEnd = [...found.settings.filter(ended), ...found.settings.filter((setting) => !ended(setting))];
  const palette = paletteOf(byEnd.map(({ label }) => label));
  const makers: readonly (() => Section | LeftOut)[] = [
    () => targetSection(found, palette),
    () => curvesSection(found, palette),
    () => scalingSection(found),
    () => syncSection(found),
    () => phasesSection(found, palette),
    () => stepsSection(found, palette),
    () => machinesSection(found),
    () => runsSection(found),
  ];
  const sections: (Section | LeftOut)[] = [];
  for (const make of makers) {
    await otherEvents(null, { signal });
    sections.push(make());
  }
  const names = [...new Set(runs.map(nameOf))];
  const machines = found.machines.filter(({ hardware }) => hardware !== null).length;
  const shownNames = names.length > 3 ? `${names.slice(0, 3).join(', ')}, …` : names.join(', ');
  return {
    title: `shardstep: ${shownNames}`,
    summary: `${plural(runs.length, 'run')} of ${plural(files, 'log')} on ${plural(machines, 'known machine')}; ${plural(
      damages.filter(({ kind }) => kind === 'damage').length,
      'damage',
    )} in the logs.`,
    notices: damages.map(damageLine),
    sections: sections.filter((section) => 'blocks' in section),
    leftOut: sections.filter((section) => 'reason' in section),
  };
}
