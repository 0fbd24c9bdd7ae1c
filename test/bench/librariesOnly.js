/** What a start would cost if the bot itself were nothing: the libraries that it needs until it is ready, from the same cache. */
import { createRequire, enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

enableCompileCache(fileURLToPath(new URL('../../node_modules/.cache/jitbot', import.meta.url)));
const require = createRequire(import.meta.url);
for (const name of [
  '@slack/web-api',
  'better-sqlite3',
  'drizzle-orm',
  'drizzle-orm/better-sqlite3',
  'drizzle-orm/better-sqlite3/migrator',
  'drizzle-orm/sqlite-core',
  'pino',
  'prom-client',
  '@pagerduty/pdjs',
  '@slack/bolt/dist/App.js',
  '@slack/bolt/dist/receivers/SocketModeReceiver.js',
])
  require(name);
await Promise.all([import('zod'), import('luxon'), import('js-yaml'), import('node:http')]);
