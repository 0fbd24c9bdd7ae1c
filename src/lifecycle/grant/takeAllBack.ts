/** For when the bot is gone and only a copy of its ledger is left: takes access back at the targets. Nothing is recorded. */

import { isLive, type LiveGrant } from '../../domain/grant.ts';
import type { Policy, Resource } from '../../domain/policy.ts';
import { errorText } from '../../domain/text.ts';
import type { Store } from '../../ports/store.ts';
import type { Holding, Targets } from '../../ports/targets.ts';

/** The result for one grant or leftover that was to be taken back. */
export interface Outcome {
  /** null if it was made for a grant that the copy does not know, or if the result is about a whole resource. */
  readonly grant: LiveGrant | null;
  readonly what: string;
  /** null if it was taken back and read back as gone. */
  readonly problem: string | null;
  /** Nobody can ask the target what else it holds: trying again does not help, a person has to look. */
  readonly byHand?: true;
}

type Taking = Pick<Targets, 'revoke' | 'isActive' | 'showsMarks' | 'list' | 'remove'>;

/** Takes back the grants that the copy calls live, then everything else that targets hold with the bot's mark. */
export async function* takeAllBack(
  { store, targets }: { readonly store: Pick<Store, 'liveGrants' | 'grant'>; readonly targets: Taking },
  policy: Policy,
): AsyncGenerator<Outcome> {
  for (const { value: grant } of await store.liveGrants({})) {
    const activation = 'activation' in grant ? grant.activation : null;
    const what = `${grant.role} of ${grant.person.name} (${activation?.account ?? grant.person.email})`;
    yield { grant, what, problem: await problemOf(() => takeBack(targets, grant)) };
  }
  for (const resource of policy.resources.values()) yield* takeMarked({ store, targets }, resource);
}

async function takeBack(targets: Taking, grant: LiveGrant): Promise<void> {
  await targets.revoke(grant);
  if (await targets.isActive(grant)) throw new Error('the target still shows the access after revoking it');
}

async function* takeMarked(
  { store, targets }: { readonly store: Pick<Store, 'grant'>; readonly targets: Taking },
  resource: Resource,
): AsyncGenerator<Outcome> {
  if (!targets.showsMarks(resource.id)) {
    const problem = 'its target does not say what was given after the copy: look through it by hand';
    return yield { grant: null, what: resource.id, problem, byHand: true };
  }
  const unknown = async (): Promise<Holding[]> => {
    const found: Holding[] = [];
    for (const holding of await targets.list(resource)) {
      const known = holding.grantId === null ? null : await store.grant(holding.grantId);
      // The grants that the copy calls live were taken back above.
      if (holding.grantId !== null && !(known && isLive(known.value))) found.push(holding);
    }
    return found;
  };
  let found: readonly Holding[] = [];
  const unread = await problemOf(async () => {
    found = await unknown();
  });
  if (unread !== null) return yield { grant: null, what: resource.id, problem: unread };
  for (const holding of found) {
    const problem = await problemOf(async () => {
      await targets.remove(resource.id, holding);
      if ((await unknown()).some(({ grantId }) => grantId === holding.grantId)) throw new Error('it is still there');
    });
    yield { grant: null, what: `${resource.id}: ${holding.account}, of grant ${holding.grantId}`, problem };
  }
}

async function problemOf(work: () => Promise<void>): Promise<string | null> {
  try {
    await work();
    return null;
  } catch (error) {
    return errorText(error);
  }
}
