import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** PostgreSQL's client library, loaded when the first such target is reached: most commands never do. */
export const driver = (): typeof import('pg') => require('pg');
