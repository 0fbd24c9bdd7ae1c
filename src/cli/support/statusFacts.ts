import type { Status } from '../status.ts';

/** What `jitbot status --json` says, without the canary's role and without sentences, which name resources. */
export const statusFacts = ({ canary, ledgerDoubt, problems, ...rest }: Status) => ({
  ...rest,
  ledgerDoubt: ledgerDoubt !== null,
  problems: problems.length,
  canary: canary && {
    every: canary.every,
    beganAt: canary.beganAt,
    isHeld: canary.held !== null,
    heldAt: canary.heldAt,
    run: canary.run && { since: canary.run.since, seen: canary.run.seen },
    last: canary.last && { at: canary.last.at, took: canary.last.took, passed: canary.last.problem === null },
  },
});
