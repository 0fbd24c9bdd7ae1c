/** One page of a list. */
interface Page<T> {
  readonly items: readonly T[];
  readonly isLast: boolean;
}

/**
 * All entries of a list. A list of several pages is read twice: if an entry of an earlier page disappears meanwhile,
 * the first entry of the next page would be skipped.
 */
export async function readAll<T extends { id: number }>(read: (page: number) => Promise<Page<T>>): Promise<T[]> {
  const first = await readPages(read);
  const again = first.count > 1 ? (await readPages(read)).found : [];
  return [...new Map([...first.found, ...again].map((one) => [one.id, one])).values()];
}

async function readPages<T>(read: (page: number) => Promise<Page<T>>): Promise<{ found: T[]; count: number }> {
  const found: T[] = [];
  for (let page = 1; ; page += 1) {
    const { items, isLast } = await read(page);
    found.push(...items);
    if (isLast) return { found, count: page };
  }
}
