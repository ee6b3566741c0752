/** Types of common.cjs, for those of its functions that TypeScript calls. */
type Answer = Readonly<Record<string, unknown>>;

export function answer(
  version: string,
  commands: Readonly<Record<string, (...words: number[]) => Answer | Promise<Answer>>>,
): Promise<void>;

export function timeCalls(
  batch: number,
  calls: number,
  infer: () => unknown,
): Promise<{ readonly ms: readonly number[] }>;
