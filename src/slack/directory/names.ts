import type { WebClient } from '@slack/web-api';
import { isGroup, type Principal } from '../../domain/policy.ts';
import { HOUR, type Instant, type Millis } from '../../domain/terms.ts';
import type { Clock, Log } from '../../ports/host.ts';
import type { Directory } from '../../ports/people.ts';
import { slackProblem } from '../link/clients.ts';
import type { RateLimitQueue } from './rateLimitQueue.ts';

/** How long a name is cached, in ms. */
const NAME_AGE: Millis = HOUR;

/** Names of people and user groups, for messages. Names that Slack does not give are left out. */
export function createNames(options: {
  readonly client: WebClient;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
  readonly queued: RateLimitQueue;
  readonly person: Directory['person'];
}): Directory['names'] {
  const { client, clock, log, queued, person } = options;
  const called = new Map<Principal, { readonly at: Instant; readonly name: string }>();
  const isFresh = (id: Principal): boolean => {
    const earlier = called.get(id);
    return earlier !== undefined && clock.now() - earlier.at <= NAME_AGE;
  };

  /** Loads all groups, because Slack has no method for a single one. */
  async function learnGroups(): Promise<void> {
    const list = () => client.usergroups.list({ include_disabled: true });
    try {
      const { usergroups = [] } = await queued('usergroups.list', list);
      const at = clock.now();
      for (const { id, handle } of usergroups) if (id && handle) called.set(id, { at, name: `@${handle}` });
    } catch (error) {
      log.warn({ problem: slackProblem(error) }, 'cannot read what user groups are called');
    }
  }

  async function learnPerson(id: Principal): Promise<void> {
    const answer = await person(id);
    if (answer.known) called.set(id, { at: clock.now(), name: answer.value.name });
  }

  return async (principals) => {
    const unknown = principals.filter((id) => !isFresh(id));
    if (unknown.some(isGroup)) await learnGroups();
    for (const id of unknown) if (!isGroup(id)) await learnPerson(id);
    return new Map(
      principals.flatMap((id) => {
        const found = called.get(id);
        return found ? [[id, found.name] as const] : [];
      }),
    );
  };
}
