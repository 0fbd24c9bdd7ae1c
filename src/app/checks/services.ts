import type { Policy } from '../../domain/policy.ts';
import type { Clock, Log } from '../../ports/host.ts';
import type { Credentials } from './credentials.ts';
import { databaseChecks } from './database.ts';
import { diskChecks, type FreeSpace } from './disk.ts';
import { pagerDutyChecks } from './pagerDuty.ts';
import type { Checks } from './place.ts';
import { slackChecks } from './slack.ts';

interface Parts {
  readonly credentials: Credentials;
  readonly policy: Policy;
  readonly log: Log;
  readonly clock: Clock;
  readonly free?: FreeSpace;
}

/** Everything that the bot depends on besides its targets. */
export function serviceChecks({ free, ...parts }: Parts): Checks {
  const all = [
    slackChecks(parts),
    pagerDutyChecks(parts),
    databaseChecks(parts.credentials.databasePath),
    diskChecks(parts.credentials.databasePath, free),
  ];
  return {
    places: all.flatMap(({ places }) => places),
    notChecked: all.flatMap(({ notChecked }) => notChecked),
  };
}

/** At start, logs a warning for each finding. Runs in the background. */
export async function warnOfFindings(parts: Parts): Promise<void> {
  for (const { name, ask } of serviceChecks(parts).places)
    for (const { ok, what, fix } of await ask())
      if (!ok)
        parts.log.warn(
          { place: name, problem: what, ...(fix !== undefined && { fix }) },
          'something that the bot depends on is not as it should be; "jitbot doctor" says more',
        );
}
