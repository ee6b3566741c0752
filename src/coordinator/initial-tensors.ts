/** The weights that a run starts from when `model.init.file` names some. */
import { readFileSync } from 'node:fs';
import { readSafetensors, type Tensor } from '../model/safetensors.js';
import { ExitCode, UserError } from '../user-error.js';

/** Null without a file. @throws UserError (exit 1) when it cannot be read or is not a safetensors file. */
export function readInitialTensors(file: string | null): Map<string, Tensor> | null {
  if (file === null) return null;
  try {
    return readSafetensors(readFileSync(file), file);
  } catch (cause) {
    if (cause instanceof UserError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UserError(`model.init.file: cannot read ${file}: ${reason}`, ExitCode.failure, { cause });
  }
}
