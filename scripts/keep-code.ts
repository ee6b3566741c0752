/**
 * Compiles the race's kernels for the Node that runs this script and caches their machine code beside them. The build
 * runs it in a separate process, because V8 may end the process if it fails: then races compile. `--try`: reports
 * whether the code can be used.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { codeFile, codeOf, readCode } from '../dist/fast-start/code-cache.js';
import { moduleFile } from '../dist/fast-start/module.js';
import { candidateLevels, setCompilerFlags } from '../dist/kernels/levels.js';

const [grid, mode] = process.argv.slice(2);
const [level] = candidateLevels(process.versions.v8, process.arch);
setCompilerFlags(level, process.versions.v8);
const file = moduleFile(Number(grid), level);
const bytes = readFileSync(file);
const code = codeFile(file, level);
if (mode === '--try') {
  if (readCode(code, bytes) === null) process.exitCode = 1;
} else {
  rmSync(code, { force: true });
  writeFileSync(code, codeOf(new WebAssembly.Module(bytes), bytes));
}
