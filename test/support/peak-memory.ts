/** The largest resident memory of a process of the command line. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** `environment` is for one process; `mebibytes` is known when it has ended. */
export function peakMemory(folder: string): {
  readonly environment: { readonly NODE_OPTIONS: string };
  readonly mebibytes: () => number;
} {
  const [module, figure] = [join(folder, 'memory.mjs'), join(folder, 'memory.txt')];
  writeFileSync(
    module,
    `import { writeFileSync } from 'node:fs';
process.on('exit', () => writeFileSync(${JSON.stringify(figure)}, String(process.resourceUsage().maxRSS)));`,
  );
  return {
    environment: { NODE_OPTIONS: `--import=${pathToFileURL(module)}` },
    mebibytes: () => Number(readFileSync(figure, 'utf8')) / 1024,
  };
}
