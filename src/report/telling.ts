/** Names of things beside each other: the first part always, of the others those that are not the same for all. */
export function telling<T>(
  items: readonly T[],
  first: (item: T) => string,
  others: readonly ((item: T) => string)[],
): (item: T) => string {
  const varying = others.filter((part) => new Set(items.map(part)).size > 1);
  return (item) => [first, ...varying].map((part) => part(item)).join(', ');
}
