import type { EndReason, Residue } from '../domain/grant.ts';
import { assertNever, type Instant } from '../domain/terms.ts';
import { counted, cut } from '../domain/text.ts';
import { code, joined, type Sentence, say, time } from './pieces.ts';

/** Why access ended, as the second half of a sentence. */
export function endSentence(why: EndReason): string {
  switch (why) {
    case 'expired':
      return 'its time was up';
    case 'shift_ended':
      return 'the on-call shift it was given for is over';
    case 'incident_resolved':
      return 'the incident it was given for is resolved';
    case 'revoked':
      return 'it was ended early';
    case 'person_left':
      return 'the Slack account was deactivated';
    case 'frozen':
      return 'an administrator froze all access';
    case 'restored':
      return 'the ledger was put back from a copy, which ends all access';
    case 'provision_failed':
      return 'it could not be set up';
    default:
      return assertNever(why);
  }
}

/** What happens to sessions that were opened with access that has ended. @returns empty if there are none */
export function openSentence(openUntil: Instant | null | undefined, endedAt: Instant): Sentence {
  if (openUntil === undefined) return [];
  if (openUntil === null) return say`Open sessions stay open until they are closed.`;
  return openUntil <= endedAt ? say`Open sessions were closed.` : say`Open sessions can last until ${time(openUntil)}.`;
}

/** Limit of leftovers named in a message; the event names all. */
const LEFT_SHOWN = 8;
const LEFT_TEXT = 200;

/** What the holder made and is still there after the end. @returns empty if nothing is known to be left */
export function leftSentence(left: readonly Residue[] | undefined): Sentence {
  if (!left || left.length === 0) return [];
  const named = left
    .slice(0, LEFT_SHOWN)
    .map(({ what, done }) => say`${code(cut(what, LEFT_TEXT))} (${cut(done, LEFT_TEXT)})`);
  const more = left.length - named.length;
  const rest = more > 0 ? `; and ${counted(more, 'more thing', 'more things')}` : '';
  return say`Left behind: ${joined(named, '; ')}${rest}.`;
}
