/** Adds the request and the grant to log lines, even where the code that logs does not know them. */

import { AsyncLocalStorage } from 'node:async_hooks';
import type { Log } from '../ports/host.ts';
import { JOBS, type JobKind } from '../ports/jobs.ts';
import type { EventReader } from '../ports/ledger.ts';
import { StorageError, type Store } from '../ports/store.ts';
import type { Handlers } from './lanes.ts';

/** Facts that are added to every line logged during a piece of work. */
export type LogFacts = Readonly<Record<string, string>>;

const scope = new AsyncLocalStorage<LogFacts>();

/** Runs `work`, and adds these facts to every line logged meanwhile. */
export const inLogScope = <T>(facts: LogFacts, work: () => T): T => scope.run({ ...scope.getStore(), ...facts }, work);

/** Wraps a log, so that its lines name what they are about. */
export function scopedLog(log: Log): Log {
  const whole = (facts: object) => ({ ...scope.getStore(), ...ofJob(facts), ...facts });
  return {
    info: (facts, message) => log.info(whole(facts), message),
    warn: (facts, message) => log.warn(whole(facts), message),
    error: (facts, message) => log.error(whole(facts), message),
  };
}

/** Wraps each handler, so that its log lines name the request and the grant of the job. */
export function scopedHandlers(handlers: Handlers, sources: Sources): Handlers {
  const scoped = Object.entries(handlers).map(([kind, handle]) => {
    const inScope: typeof handle = async (key, attempt) =>
      inLogScope(await idsOf(kind as JobKind, key, sources), () => handle(key, attempt));
    return [kind, inScope];
  });
  return Object.fromEntries(scoped) as Handlers;
}

interface Sources {
  readonly store: Pick<Store, 'grant'>;
  readonly events: Pick<EventReader, 'get'>;
}

/** If it cannot be read now, only the log line lacks it. */
async function idsOf(kind: JobKind, key: string, { store, events }: Sources): Promise<LogFacts> {
  const own = idInKey(kind, key);
  try {
    if (own.grantId !== undefined) return withRequest(own.grantId, (await store.grant(own.grantId))?.value.requestId);
    if (JOBS[kind].key !== 'event') return own;
    const event = await events.get(Number(key));
    return {
      ...(event?.requestId && { requestId: event.requestId }),
      ...(event?.grantId && { grantId: event.grantId }),
    };
  } catch (error) {
    if (error instanceof StorageError) return own;
    throw error;
  }
}

const withRequest = (grantId: string, requestId: string | undefined): LogFacts => ({
  grantId,
  ...(requestId !== undefined && { requestId }),
});

/** The kind and key of a job. */
const ofJob = (facts: object): LogFacts =>
  'kind' in facts && 'key' in facts && isKind(facts.kind) && typeof facts.key === 'string'
    ? idInKey(facts.kind, facts.key)
    : {};

const isKind = (kind: unknown): kind is JobKind => typeof kind === 'string' && Object.hasOwn(JOBS, kind);

/** The format of `newId`. */
const ID = /\b[RG][0-9A-HJKMNP-TV-Z]{10}\b/g;

function idInKey(kind: JobKind, key: string): { grantId?: string; requestId?: string } {
  if (JOBS[kind].key.startsWith('grant') && key !== '') return { grantId: key };
  if (JOBS[kind].key.startsWith('request')) return { requestId: key.split(':')[0] ?? '' };
  return {};
}

/** The first request id and the first grant id in a text. */
export function idsIn(text: string): { grantId?: string; requestId?: string } {
  const found = text.match(ID) ?? [];
  const requestId = found.find((id) => id.startsWith('R'));
  const grantId = found.find((id) => id.startsWith('G'));
  return { ...(requestId !== undefined && { requestId }), ...(grantId !== undefined && { grantId }) };
}
