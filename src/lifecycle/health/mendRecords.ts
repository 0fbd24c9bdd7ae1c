/** Compares small states with the events. A difference is resolved towards less access. */

import type { EventReader } from '../../ports/ledger.ts';
import type { StateCheck } from '../../ports/state.ts';
import type { Deps } from '../deps.ts';

/** @returns what was corrected, for people */
export async function mendRecords(mend: MendDeps): Promise<readonly string[]> {
  const unreadable = await mend.check.dropUnreadable();
  const dropped = unreadable.map((what) => `what stands under ${what} cannot be read; it is taken out`);
  const refrozen = await refreeze(mend);
  return [
    ...dropped,
    ...(refrozen === null ? [] : [refrozen]),
    ...(await dropStandIns(mend)),
    ...(await removeAgain(mend)),
  ];
}

/** Restores a freeze that no administrator lifted. */
async function refreeze({ deps, events, check }: MendDeps): Promise<string | null> {
  const seq = await check.freezeEvent();
  const event = seq === null ? null : await events.get(seq);
  const { value, version } = await deps.store.record('freeze', 'bot');
  if (event?.type !== 'access.frozen' || event.actor.kind !== 'person' || value !== null) return null;
  const by = { slackId: event.actor.id, name: event.actor.name, email: '', timeZone: 'UTC' };
  const { reason } = event.payload;
  await deps.store.commit({
    records: [{ kind: 'freeze', key: 'bot', value: { by, at: event.at, reason }, version }],
  });
  return `the freeze of event ${event.seq} was lifted by nobody; it holds again`;
}

/** Drops stand-ins whom the absent person never named. */
async function dropStandIns({ deps, check }: MendDeps): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const key of await check.strayStandIns()) {
    const { version } = await deps.store.record('delegation', key);
    await deps.store.commit({ records: [{ kind: 'delegation', key, value: null, version }] });
    problems.push(`no event names a stand-in for ${key} as the database does; it is taken out`);
  }
  return problems;
}

/** Removes again the rules that an owner removed: only an owner or the policy file can bring them back. */
async function removeAgain({ deps, events, check }: MendDeps): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const seq of await check.removals()) {
    const event = await events.get(seq);
    if (event?.type !== 'access_review.answered' || event.actor.kind !== 'person') continue;
    const { role, entitlement, review } = event.payload;
    const { value, version } = await deps.store.record('removals', role);
    const others = value ?? [];
    if (others.some((removal) => removal.entitlement === entitlement)) continue;
    const by = { slackId: event.actor.id, name: event.actor.name };
    const removals = [...others, { entitlement, by, at: event.at, review }];
    await deps.store.commit({ records: [{ kind: 'removals', key: role, value: removals, version }] });
    problems.push(`a rule of ${role} that event ${seq} took out was put back by nobody; it is out again`);
  }
  return problems;
}

export interface MendDeps {
  readonly deps: Deps;
  readonly events: EventReader;
  readonly check: StateCheck;
}
