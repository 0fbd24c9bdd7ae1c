import { createRequire } from 'node:module';

/** drizzle-orm for PostgreSQL, loaded as CommonJS for the same reason as in ../sqlite/drizzle.ts. */
const require = createRequire(import.meta.url);

export const { drizzle } = require('drizzle-orm/node-postgres') as typeof import('drizzle-orm/node-postgres');
export const { migrate } =
  require('drizzle-orm/node-postgres/migrator') as typeof import('drizzle-orm/node-postgres/migrator');
export const { and, asc, desc, eq, gt, gte, inArray, isNotNull, isNull, lt, lte, ne, or, sql } =
  require('drizzle-orm') as typeof import('drizzle-orm');
export const { bigint, boolean, integer, pgTable, primaryKey, text } =
  require('drizzle-orm/pg-core') as typeof import('drizzle-orm/pg-core');
