import type { EventPayloads } from '../../domain/events.ts';
import type { Instant } from '../../domain/terms.ts';
import { StorageError } from '../../ports/store.ts';
import { jsonIn } from '../book/jsonIn.ts';
import { createNameReader } from '../sqlite/names.ts';
import type { OpenLedger } from '../sqlite/open.ts';

/** A recorded decision with its full input. */
export type RecordedDecision = Pick<
  EventPayloads['request.submitted'],
  'role' | 'input' | 'decision' | 'policyHash'
> & {
  readonly seq: number;
  readonly at: Instant;
  readonly type: 'request.submitted' | 'review.recorded';
  readonly requestId: string;
  /** The requester's name; their Slack id in reviews of versions before 0.2. */
  readonly person: string;
};

/** Every decision since `since`, oldest first, one at a time. @throws StorageError for one that was changed since */
export function* decisionsIn(ledger: OpenLedger, since: Instant): Generator<RecordedDecision> {
  const named = createNameReader(ledger);
  const rows = ledger.sqlite
    .prepare<[number], { seq: number; at: number; type: RecordedDecision['type']; requestId: string; payload: string }>(
      "SELECT seq, at, type, request_id AS requestId, payload FROM events WHERE type IN ('request.submitted', 'review.recorded') AND at >= ? ORDER BY seq",
    )
    .iterate(since);
  for (const { payload, ...row } of rows) {
    const said = named(jsonIn(payload) ?? {}) as Partial<Said>;
    if (!isWhole(said))
      throw new StorageError(`${ledger.path}: event ${row.seq} was changed; "jitbot ledger verify" says more`);
    const { role, input, decision, policyHash } = said;
    yield { ...row, role, input, decision, policyHash, person: said.requester?.name ?? input.personId };
  }
}

type Said = EventPayloads['request.submitted'] & EventPayloads['review.recorded'];

/** Written by book/apply.ts from these very types, unless somebody changed it in the database since. */
const isWhole = (said: Partial<Said>): said is Said =>
  [said.role, said.input?.personId, said.decision?.effect, said.policyHash].every((text) => typeof text === 'string');
