/** The name (or index) of the largest output; null if there is none. */
export function likely<Input>(
  input: Input,
  net: { run(input: Input): ArrayLike<number> | Readonly<Record<string, number>> },
): string | null {
  const outputs = Object.entries(net.run(input));
  if (outputs.length === 0) return null;
  return outputs.reduce((best, each) => (each[1] > best[1] ? each : best))[0];
}
