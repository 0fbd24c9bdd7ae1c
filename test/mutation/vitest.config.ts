import { defineConfig } from 'vitest/config';

/** The tests that mutants are tried on: those of MUTATION_TESTS (globs, separated by commas, which may stand in braces, too). */
export default defineConfig({
  test: {
    include: (process.env.MUTATION_TESTS ?? 'test/domain/**/*.test.ts').split(/,(?![^{}]*\})/),
    // The runner has its own limit for a mutant. Before any, tests with servers are slow on a crowded machine.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 1,
  },
});
