/** The commands. A new command is a file and a line here; only the file of the selected command is loaded. */
import type { Command } from './command.js';

export interface CommandEntry {
  readonly name: string;
  readonly description: string;
  /** Its arguments in the list of commands; none if omitted. */
  readonly words?: string;
  readonly load: () => Promise<{ readonly command: Command<never> }>;
}

/** The words are settings; otherwise they are paths. */
export const settings = '[key=value...]';

export const table: readonly CommandEntry[] = [
  {
    name: 'race',
    description: 'reach the target of configs/mnist-97.yaml as fast as possible, then verify and repeat it',
    load: () => import('./race.js'),
  },
  {
    name: 'train',
    description: 'train a network and write a run folder under results/',
    words: settings,
    load: () => import('./train.js'),
  },
  {
    name: 'fit',
    description: 'train on a table: a CSV file and the column to predict are all it takes',
    words: `<file> ${settings}`,
    load: () => import('./fit.js'),
  },
  {
    name: 'sweep',
    description: 'measure speed-up against thread count',
    words: settings,
    load: () => import('./sweep.js'),
  },
  {
    name: 'study',
    description: 'compare variants of recipes in pairs of seeds; prints the plan and its cost first',
    load: () => import('./study.js'),
  },
  {
    name: 'lr-find',
    description: 'learning-rate range test: the loss while the rate rises exponentially',
    words: settings,
    load: () => import('./lr-find.js'),
  },
  {
    name: 'profile',
    description: 'train like train and report where the time goes: phases, roofline, trace, bottleneck',
    words: settings,
    load: () => import('./profile.js'),
  },
  {
    name: 'eval',
    description: 'evaluate a trained network, from its file alone, on the test part of a data set',
    words: '<model> [data...]',
    load: () => import('./eval.js'),
  },
  {
    name: 'verify',
    description: 'train a finished run again and compare weights, losses and accuracy, to the last bit',
    words: '<run>',
    load: () => import('./verify.js'),
  },
  {
    name: 'export',
    description: 'write a trained network in another format: an ES module, a C header, ONNX and others',
    words: '<model> [data...]',
    load: () => import('./export.js'),
  },
  {
    name: 'import',
    description: 'make a model file of a network of another program, from .onnx or .safetensors',
    words: '<file> [key=value...]',
    load: () => import('./import.js'),
  },
  {
    name: 'predict',
    description: 'predict the classes of images, IDX files and CSV rows by a trained network',
    words: '<model> <file...>',
    load: () => import('./predict.js'),
  },
  {
    name: 'hardware',
    description: 'print the hardware card, measured speeds included',
    load: () => import('./hardware.js'),
  },
  {
    name: 'report',
    description: 'write report.html, report.md and CSVs about runs, including those of other machines',
    words: '<run...>',
    load: () => import('./report.js'),
  },
  {
    name: 'compare',
    description:
      'compare two runs, sweeps or folders of runs: time, throughput, accuracy, and their differences',
    words: '<a> <b>',
    load: () => import('./compare.js'),
  },
  {
    name: 'check-log',
    description: 'report every problem in logs; exit 1 for any damage',
    words: '<log...>',
    load: () => import('./check-log.js'),
  },
];
