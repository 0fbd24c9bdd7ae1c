/**
 * A request in one line. If it is complete, it is decided at once; otherwise the form opens with what was understood.
 */

import type { Refusal } from '../../../domain/refusal.ts';
import { UNCLEAR } from '../../../wording/commands.ts';
import type { Sentence } from '../../../wording/pieces.ts';
import type { Call } from '../../kit/command.ts';
import { drawn } from '../../kit/drawn.ts';
import { refusalText } from '../../kit/refusals.ts';
import { resolveTimes } from '../../kit/when.ts';
import type { Prefill } from '../request/form.ts';
import type { Mode } from '../request/modal.ts';
import { keysOf, type Line, type Unclear } from '../request/parseCommandLine.ts';
import { chosenRole } from '../request/values.ts';

/** The parsed line with its times resolved in the person's time zone. */
export async function complete(
  { deps, personId }: { readonly deps: Pick<Call['deps'], 'directory' | 'clock'>; readonly personId: string },
  { duration, times, reason }: Pick<Line, 'duration' | 'times' | 'reason'>,
) {
  const common = { personId, reason, incidentId: null };
  if (!times) return { ...common, duration: duration ?? Number.NaN, startsAt: null };
  const person = await deps.directory.person(personId);
  const zone = person.known ? person.value.timeZone : 'UTC';
  const { startsAt, duration: worked } = resolveTimes(times, zone, deps.clock.now(), duration);
  return { ...common, startsAt, duration: worked ?? Number.NaN };
}

/** @param wrong what is wrong with what was typed; the form asks for what is missing */
export function prefill({ deps }: Call, mode: Mode, line: Line, wrong: readonly Refusal[]): Prefill {
  const word = [
    ...(line.unclear ? [drawn(unclearSentence(line.unclear))] : []),
    ...wrong.filter(({ code }) => SAID.has(code)).map(refusalText),
  ].join('\n');
  return {
    mode,
    role: chosenRole(deps.policy, keysOf(line)[0] ?? null),
    duration: line.duration,
    times: line.times,
    reason: line.reason,
    ...(word && { word }),
  };
}

/** Refusals because of what was typed, not because of what is missing. */
const SAID: ReadonlySet<Refusal['code']> = new Set(['duration_too_long', 'start_not_ahead', 'start_too_far']);

function unclearSentence(unclear: Unclear): Sentence {
  switch (unclear.what) {
    case 'resource':
      return UNCLEAR.resource(unclear.typed);
    case 'role':
      return unclear.typed === null ? UNCLEAR.anyRole(unclear.resource) : UNCLEAR.role(unclear.typed, unclear.resource);
    case 'time':
      return UNCLEAR.time(unclear.typed);
  }
}
