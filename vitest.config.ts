import { defineConfig } from 'vitest/config';

/**
 * What takes longest: hostile holders, poolers and failovers on real servers, outages with their deadlines, the real process
 * under raw bytes, signals and kills, the package as it is installed, the browser, recipes in a copy of the project, the action on a
 * repository each, the contract of the database on both engines, and whole lives of a ledger. `npm run test:long`; CI runs both.
 */
const LONG = [
  'test/hostile/**/*.test.ts',
  'test/provisioners/*.hostile.test.ts',
  'test/provisioners/deadlines.test.ts',
  'test/provisioners/postgres{Held,Leftovers,Around,Pooled,Failover,Variants}.test.ts',
  'test/slack/{forged,takingAway,lateAnswers,lockedDatabase,overdue,secrets,bentFile,bentState,hostile}.test.ts',
  'test/ledger/{bent,names,retention}.test.ts',
  'test/ledger/contract/*.test.ts',
  'test/cli/{audit,onPostgres,policy,report}.test.ts',
  'test/simulation/coverage.test.ts',
  'test/process/{crash,httpCorpus,kills,onPostgres,package,proxy,refusedToken,restored,signals,takeover,tour}.test.ts',
  'test/browser/**/*.test.ts',
  'test/docs/recipes.test.ts',
  'test/published/policyAction.test.ts',
];
/** No server and no deadline of the bot's. */
const ALONE = ['test/{cli,config,domain,flow,lifecycle,opa,simulation}/**/*.test.ts', 'test/ledger/*.test.ts'];

/** A part of the bot at a time, with servers of its own. */
const PARTS = [
  'test/{app,codes,concurrency,docs,forwarding,http,jobs,metrics,pagerduty,provisioners,published,report,sandbox}/**/*.test.ts',
];

const test = { testTimeout: 30_000, hookTimeout: 60_000 };
/**
 * Two files at once, as most of a test's time is waiting. More on few cores would miss the bot's own deadlines, and the bot
 * would rightly send people to reviewers.
 */
const two = { ...test, maxWorkers: 2 };
/**
 * What meets real deadlines (Slack's three seconds, a browser, a process) is tried once more in CI, where a machine may stand still
 * for that long. `.ci/run` names what passed only then. Never where everything is in one process under an injected clock.
 */
const onceMore = { retry: process.env.CI ? 1 : 0 };

/** The product's modules keep nothing between files, and loading them for each took as long as half of the tests. */
const shared = { isolate: false };

export default defineConfig({
  test: {
    ...test,
    reporters: process.env.CI
      ? ['default', ['json', { outputFile: process.env.VITEST_RESULT ?? '.vitest-result.json' }]]
      : ['default'],
    projects: [
      {
        test: {
          ...two,
          ...shared,
          name: 'alone',
          include: ALONE,
          exclude: LONG,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...two,
          ...onceMore,
          ...shared,
          name: 'parts',
          include: PARTS,
          exclude: LONG,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...two,
          ...onceMore,
          name: 'usual',
          include: ['test/**/*.test.ts'],
          exclude: [...LONG, ...ALONE, ...PARTS],
          sequence: { groupOrder: 2 },
        },
      },
      { test: { ...two, ...onceMore, name: 'long', include: LONG, sequence: { groupOrder: 3 } } },
    ],
  },
});
