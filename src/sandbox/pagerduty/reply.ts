const DEFAULT_LIMIT = 25;
const MAX_LIMIT = 100;
const MAX_OFFSET = 10_000;

/** An answer of the REST API. */
export interface Reply {
  readonly status: number;
  readonly body: unknown;
}

export const ok = (body: unknown): Reply => ({ status: 200, body });
export const refuse = (status: number, message: string, errors: string[] = []): Reply => ({
  status,
  body: { error: { message, code: status === 404 ? 2100 : 2001, errors } },
});

/** A part of a list, as `limit` and `offset` ask for it. */
export function page(key: string, all: unknown[], query: URLSearchParams): Reply {
  const limit = Number(query.get('limit') ?? DEFAULT_LIMIT);
  const offset = Number(query.get('offset') ?? 0);
  if (!(limit >= 1 && limit <= MAX_LIMIT) || !(offset >= 0 && offset + limit <= MAX_OFFSET))
    return refuse(400, 'Invalid Input Provided', ['limit or offset is out of range']);
  return ok({
    [key]: all.slice(offset, offset + limit),
    limit,
    offset,
    more: offset + limit < all.length,
    total: null,
  });
}
