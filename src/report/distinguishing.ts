/** Names that distinguish items: the first part always, and those of the others that differ between items. */
export function distinguishing<T>(
  items: readonly T[],
  first: (item: T) => string,
  others: readonly ((item: T) => string)[],
): (item: T) => string {
  const varying = others.filter((part) => new Set(items.map(part)).size > 1);
  return (item) => [first, ...varying].map((part) => part(item)).join(', ');
}
