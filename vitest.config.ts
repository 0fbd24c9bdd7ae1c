import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Each file brings up PostgreSQL, real processes or a browser. Beside each other on few cores they would miss
    // the bot's own deadlines, and the bot would rightly send people to reviewers.
    maxWorkers: 1,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: process.env.CI ? ['default', ['json', { outputFile: '.vitest-result.json' }]] : ['default'],
  },
});
