import { defineConfig } from 'vitest/config';

/**
 * What takes longest: hostile holders, poolers and failovers on real servers, outages with their deadlines, and the real
 * process under raw bytes and signals. `npm run test:long`; CI runs both.
 */
const LONG = [
  'test/hostile/**/*.test.ts',
  'test/provisioners/*.hostile.test.ts',
  'test/provisioners/postgres{Held,Leftovers,Around,Pooled,Failover,Variants}.test.ts',
  'test/slack/{forged,takingAway,lateAnswers,secrets,bentFile}.test.ts',
  'test/ledger/bent.test.ts',
  'test/process/httpCorpus.test.ts',
  'test/process/signals.test.ts',
];
const test = {
  // Each file brings up PostgreSQL, real processes or a browser. Beside each other on few cores they would miss
  // the bot's own deadlines, and the bot would rightly send people to reviewers.
  maxWorkers: 1,
  testTimeout: 30_000,
  hookTimeout: 60_000,
};

export default defineConfig({
  test: {
    ...test,
    reporters: process.env.CI
      ? ['default', ['json', { outputFile: process.env.VITEST_RESULT ?? '.vitest-result.json' }]]
      : ['default'],
    projects: [
      { test: { ...test, name: 'usual', include: ['test/**/*.test.ts'], exclude: LONG } },
      { test: { ...test, name: 'long', include: LONG } },
    ],
  },
});
