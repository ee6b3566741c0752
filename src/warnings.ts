/**
 * Warnings: a run goes on, but its result may not be what was meant. They go to stderr even with `--quiet`, to the log as
 * event `warning`, and to `warnings` in result.json. Their codes are public names; docs/warnings.md is made of this table.
 */

/** When each warning is given. */
export const warningCodes = {
  'level-unknown': 'The environment variable LOG_LEVEL holds a word that is no level; the default is used.',
} as const satisfies Readonly<Record<string, string>>;

export type WarningCode = keyof typeof warningCodes;

export interface Warning {
  readonly code: WarningCode;
  readonly message: string;
}

export type Warn = (code: WarningCode, message: string) => void;
