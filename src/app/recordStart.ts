/** Records the start, and says what runs while it cannot be recorded. */

import type { NewEvent } from '../domain/events.ts';
import { BOT } from '../domain/person.ts';
import { MINUTE, type Millis, SECOND } from '../domain/terms.ts';
import { canaryAtStart } from '../lifecycle/canary/canary.ts';
import { changesSince, keepPolicyText, policyLoaded } from '../lifecycle/reloadPolicy.ts';
import type { Clock, Log } from '../ports/host.ts';
import { JOB_KEYS } from '../ports/keys.ts';
import type { EventReader } from '../ports/ledger.ts';
import { StorageError, type Store } from '../ports/store.ts';
import { latestKnown } from './heartbeat.ts';
import type { World } from './world.ts';

/** Delay before the next try to record the start. */
const RECORD_AGAIN: Millis = 5 * SECOND;

/** If the database cannot be written, access still ends, and the bot finishes starting when it can be written again. */
export async function untilRecorded(
  { clock, log }: Pick<World, 'clock' | 'log'>,
  {
    record,
    meanwhile,
    halt,
  }: { record: () => Promise<void>; meanwhile: () => Promise<void>; halt: AbortSignal | undefined },
): Promise<boolean> {
  while (!(await couldRecord(record, log))) {
    await meanwhile();
    await pauseUnless(halt, clock);
    if (halt?.aborted) return false;
  }
  return true;
}

function pauseUnless(halt: AbortSignal | undefined, clock: Clock): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const cancel = clock.wakeAt(clock.now() + RECORD_AGAIN, resolve);
  if (halt?.aborted) resolve();
  halt?.addEventListener('abort', () => resolve(), { once: true });
  return promise.finally(cancel);
}

async function couldRecord(record: () => Promise<void>, log: Log): Promise<boolean> {
  try {
    await record();
    return true;
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    log.error(
      { err: error },
      'the start cannot be recorded, and nothing else is done before it is; access that is due to end is taken back all the same',
    );
    return false;
  }
}

/** Records the start with the policy changes that it brings, and schedules the regular checks. */
export async function recordStart(
  world: World,
  { store, events }: { store: Store; events: EventReader },
): Promise<void> {
  const { ledger, policy, clock, checkpoints, version } = world;
  const before = (await ledger.newestPolicyLoaded())?.payload.hash ?? null;
  const changes = await changesSince(store, policy, { before, read: world.readPolicyText });
  const started: NewEvent = {
    actor: BOT,
    requestId: null,
    grantId: null,
    type: 'bot.started',
    payload: { version, after: (await events.newest())?.seq ?? 0 },
  };
  const dueAt = clock.now() + MINUTE;
  const canary = await canaryAtStart({ store, policy, clock }, await latestKnown(ledger));
  await store.commit({
    records: [...(await keepPolicyText(store, policy)), ...(canary.records ?? [])],
    events: [started, policyLoaded(policy, changes, BOT)],
    jobs: [
      { kind: 'sweep', key: JOB_KEYS.everybody, dueAt },
      { kind: 'digest', key: JOB_KEYS.weekly, dueAt },
      ...(canary.jobs ?? []),
      { kind: 'drift', key: JOB_KEYS.everyResource, dueAt },
      ...(checkpoints ? [{ kind: 'checkpoint', key: JOB_KEYS.ledger, dueAt } as const] : []),
    ],
  });
}
