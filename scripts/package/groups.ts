/**
 * What the command line loads with `import()`, put together by what is loaded at the same time and by the packages that it
 * imports: no command loads a package, nor the tables of a format, of which it uses nothing.
 */

const commands = (...names: string[]) => names.map((name) => `commands/${name}`);
const of = (room: string, ...names: string[]) => names.map((name) => `${room}/${name}`);

const groups: Readonly<Record<string, readonly string[]>> = {
  training: [
    ...commands('race', 'train', 'sweep', 'study', 'lr-find', 'profile', 'verify', 'eval', 'export'),
    ...of('study', 'range-test', 'range-report'),
    ...of('profile', 'profile-run', 'cpu-profile'),
    ...of('run', 'event-file'),
  ],
  models: commands('import', 'predict'),
  logs: commands('compare', 'check-log'),
  // They import the packages of charts.
  charts: [
    ...commands('write-report'),
    ...of('report', 'mistakes-picture'),
    ...of('profile', 'roofline-chart'),
    ...of('study', 'range-chart', 'study-chart'),
  ],
  settings: [...commands('spelling'), ...of('config', 'yaml-text')],
  formats: of('formats', 'module', 'header', 'onnx/write', 'onnx/own', 'tfjs/write', 'json'),
  data: of('data', 'cached-set', 'download', 'csv-set'),
  // Threads of a predictor load it too.
  int8: [...of('inference/int8', 'int8-model'), ...of('kernels/int8', 'load-int8')],
  folder: of('run', 'with-run'),
};

/** `parts`: of a module that is in no list. */
export const groupOf = (module: string): string =>
  Object.keys(groups).find((name) => groups[name].includes(module.replace(/\.js$/, ''))) ?? 'parts';
