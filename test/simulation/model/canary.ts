/** What the canary may do: it gets its one role, without anybody's approval and for minutes, one run at a time. */

import { type Instant, MINUTE } from '../../../src/domain/terms.ts';
import { isBot } from './actors.ts';
import { type Around, asId, type Told } from './book.ts';
import { EVIDENCE } from './world.ts';

const CANARY = 'canary';
export const CANARY_ROLE = 'web/edit';
const LASTS = 5 * MINUTE;

interface Run {
  readonly requestId: string | null;
  state: 'asked' | 'approved' | 'provisioning' | 'active' | 'revoking' | 'overdue' | 'over';
  wasActive: boolean;
}

export const isCanarys = ({ type, said }: Told): boolean =>
  type.startsWith('canary.') || asId(said, 'requester') === CANARY || asId(said, 'person') === CANARY;

export function canaryLook({ must, past }: Pick<Around, 'must' | 'past'>): (event: Told) => void {
  let run: Run | null = null;

  /** @returns the run that goes on, moved from one of these states */
  function moves(event: Told, from: readonly Run['state'][], to: Run['state']): void {
    const { seq, type, requestId } = event;
    must(
      run !== null && run.requestId === requestId && from.includes(run.state),
      () => `event ${seq}: ${type} of the canary, which is ${run?.state ?? 'not there'}`,
    );
    if (run) run.state = to;
  }

  function begins({ actor, said, seq, requestId }: Told): void {
    must(run === null || run.state === 'over', () => `event ${seq}: a second canary, while one is ${run?.state}`);
    must(actor === CANARY, () => `event ${seq}: ${actor} asks as the canary`);
    must(said.role === CANARY_ROLE, () => `event ${seq}: the canary asks for ${said.role}`);
    must((said.decision as { effect: string }).effect === CANARY, () => `event ${seq}: rules decided about the canary`);
    run = { requestId, state: 'asked', wasActive: false };
  }

  function approved(event: Told): void {
    isBot(around, event);
    moves(event, ['asked'], 'approved');
    must(event.said.by === CANARY, () => `event ${event.seq}: the canary is approved by ${event.said.by}`);
    must(
      !past.always(event.at - EVIDENCE, event.at, ({ isFrozen }) => isFrozen),
      () => `event ${event.seq}: the canary is approved while all access is frozen`,
    );
  }

  const lasts = ({ at, said, seq }: Told) =>
    must((said.endsAt as Instant) <= at + LASTS, () => `event ${seq}: the canary is given for too long`);

  const around = { must, past } as Around;
  const looks: Partial<Record<Told['type'], (event: Told) => void>> = {
    'request.submitted': begins,
    'request.approved': approved,
    'grant.provisioning': (event) => {
      moves(event, ['approved'], 'provisioning');
      lasts(event);
    },
    'grant.activated': (event) => {
      moves(event, ['provisioning'], 'active');
      lasts(event);
      if (run) run.wasActive = true;
    },
    'grant.revoking': (event) => moves(event, ['provisioning', 'active'], 'revoking'),
    'grant.overdue': (event) => moves(event, ['provisioning', 'active', 'revoking'], 'overdue'),
    'grant.ended': (event) => moves(event, ['active', 'revoking', 'overdue'], 'over'),
    'grant.failed': (event) => moves(event, ['provisioning', 'revoking', 'overdue'], 'over'),
    'canary.passed': ({ seq }) =>
      must(run?.state === 'over' && run.wasActive, () => `event ${seq}: the canary passed, and is ${run?.state}`),
  };
  return (event) => looks[event.type]?.(event);
}
