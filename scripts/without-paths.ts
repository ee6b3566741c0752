/** Records are committed: where on a machine a file lay is of no use to others, and tells who made them. */

/** Absolute paths of at least two parts, after a quote, a space, `=` or `: `; what stays is the last part. */
const absolute = /(^|["'\s=(])(?:\/[^\s"'/:,;()<>]+){2,}|(^|["'\s=(])[A-Za-z]:\\[^\s"'<>]+/gm;

export function withoutPaths(text: string): string {
  return text.replace(absolute, (found, ...groups: unknown[]) => {
    const before = String(groups[0] ?? groups[1] ?? '');
    const parts = found.slice(before.length).split(/[\\/]+/);
    return before + (parts.findLast((part) => part !== '') ?? '');
  });
}
