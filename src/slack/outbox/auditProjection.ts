import { type Millis, SECOND } from '../../domain/terms.ts';
import type { JobHandler } from '../../ports/jobs.ts';
import { CURSORS, POSTS } from '../../ports/keys.ts';
import { principalsIn } from '../../wording/names.ts';
import { AUDIT_METADATA, auditMessage } from './auditMessage.ts';
import { LaterError } from './delivery.ts';
import type { ProjectionDeps } from './projectionDeps.ts';
import { whenSlackAllows } from './whenSlackAllows.ts';

/** Maximum number of events to read for one audit message. */
const AUDIT_BATCH = 200;
/** Pause between two messages to the audit channel, in ms. */
const AUDIT_PACE: Millis = SECOND;

/** The audit channel shows every event once, in order. */
export function auditProjection(deps: ProjectionDeps): JobHandler {
  const { events, posts, delivery, clock } = deps;
  let lookedForLostAudit = false;
  return whenSlackAllows(async (_key, attempt) => {
    const channel = deps.policy().auditChannel;
    // An earlier process, or a try whose answer was lost, may have posted it already.
    if (attempt > 1 || !lookedForLostAudit) {
      await deps.anchors.settle();
      lookedForLostAudit = true;
    }
    const waiting = await events.after(await posts.cursor(CURSORS.audit), AUDIT_BATCH);
    const from = waiting[0];
    if (!from) return;
    const names = await deps.directory.names(principalsIn(waiting));
    const { message, last } = auditMessage(waiting, names);
    const ledger = (await events.origin())?.ledger ?? '';
    await delivery.post({ channel }, message, {
      event_type: AUDIT_METADATA,
      event_payload: { from: from.seq, to: last.seq, hash: last.hash, ledger },
    });
    await posts.moveCursor(CURSORS.audit, last.seq);
    if ((await posts.find(POSTS.newestAudit))?.channel !== channel)
      await posts.keep(POSTS.newestAudit, { channel, ts: '', digest: last.hash });
    if ((await events.after(last.seq, 1)).length > 0) throw new LaterError(clock.now() + AUDIT_PACE);
  });
}
