/** The context of every command: its outputs and its stop signal. */
import type { Progress } from './progress.js';
import type { Warnings } from './warnings.js';

export interface CommandContext {
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  readonly progress: Progress;
  readonly warnings: Warnings;
  /** One JSON object on stdout instead of text for people. */
  readonly json: boolean;
  /** As typed, for the records. */
  readonly command: string;
  /** From the start of the process until the command began, milliseconds. */
  readonly startupMs: number;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
}
