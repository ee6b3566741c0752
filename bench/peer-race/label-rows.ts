/**
 * Places for labels over a plot, each a flag on a pole that rises from its point. The text begins at the pole and
 * extends to the right. No two texts touch each other, and no pole crosses a text.
 */

export interface Flag {
  /** Of the pole, in pixels. */
  readonly x: number;
  /** Of the text with a gap. */
  readonly width: number;
}

/** The row of each flag in the order given, 0 the lowest: above all flags whose poles are under its text. */
export function flagRows(flags: readonly Flag[]): number[] {
  const rows = flags.map(() => 0);
  const fromTheRight = flags.map((_, i) => i).sort((a, b) => flags[b].x - flags[a].x || b - a);
  fromTheRight.forEach((i, place) => {
    const { x, width } = flags[i];
    const under = fromTheRight.slice(0, place).filter((j) => flags[j].x < x + width);
    rows[i] = under.reduce((row, j) => Math.max(row, rows[j] + 1), 0);
  });
  return rows;
}
