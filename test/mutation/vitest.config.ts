import { defineConfig } from 'vitest/config';

/** The tests that mutants are tried on: those of MUTATION_TESTS (globs, separated by commas, which may stand in braces, too). */
export default defineConfig({
  test: {
    include: (process.env.MUTATION_TESTS ?? 'test/domain/**/*.test.ts').split(/,(?![^{}]*\})/),
    testTimeout: 15_000,
    maxWorkers: 1,
  },
});
