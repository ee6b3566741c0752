/** Removes absolute paths from records, which are committed: a path is of no use to others and may show a user's name. */

/** Absolute paths of at least two parts, after a quote, a space, `=` or `: `. Only the last part is kept. */
const absolute = /(^|["'\s=(])(?:\/[^\s"'/:,;()<>]+){2,}|(^|["'\s=(])[A-Za-z]:\\[^\s"'<>]+/gm;

export function withoutPaths(text: string): string {
  return text.replace(absolute, (found, ...groups: unknown[]) => {
    const before = String(groups[0] ?? groups[1] ?? '');
    const parts = found.slice(before.length).split(/[\\/]+/);
    return before + (parts.findLast((part) => part !== '') ?? '');
  });
}
