import { createRequire } from 'node:module';

/**
 * drizzle-orm, loaded as CommonJS. Loaded as ES modules, Node parses the package's large package.json once per module,
 * which costs seconds at start.
 */
const require = createRequire(import.meta.url);

export const { drizzle } = require('drizzle-orm/better-sqlite3') as typeof import('drizzle-orm/better-sqlite3');
export const { migrate } =
  require('drizzle-orm/better-sqlite3/migrator') as typeof import('drizzle-orm/better-sqlite3/migrator');
export const { and, asc, desc, eq, gt, inArray, isNotNull, max, ne, sql } =
  require('drizzle-orm') as typeof import('drizzle-orm');
export const { integer, primaryKey, sqliteTable, text } =
  require('drizzle-orm/sqlite-core') as typeof import('drizzle-orm/sqlite-core');
