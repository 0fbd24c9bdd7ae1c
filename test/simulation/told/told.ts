/**
 * What each person must have been told, and what nobody may be told: by events and the world alone. Every message is looked
 * at when it is sent and whenever it is changed: nobody is told what no event says, nor told it twice; and at the end
 * everybody has been told everything that is theirs to know, and no message says what is no longer so.
 */

import type { Authority } from '../model/authority.ts';
import type { Book, RequestFile, Told as ToldEvent } from '../model/book.ts';
import { humanOf } from '../model/world.ts';
import { createAuditLines } from './audit.ts';
import { forReviewers } from './cards.ts';
import type { Due, Fates, NewDue } from './due.ts';
import { noFates, noteFate } from './fates.ts';
import type { Letter, Said, Words } from './letters.ts';
import { forOthers } from './others.ts';
import { forRequester, isOnceAGrant, isReminder, UNDER_WAY } from './requester.ts';

/** A message that could not be sent so often is given up, as docs/reliability.md says. */
const GIVEN_UP_AFTER = 20;

export interface Told {
  /** After the model has looked at it. */
  hear(event: ToldEvent): void;
  /** What was said before any event that is heard after it. */
  read(said: Said): void;
  /** When everything has come to rest. */
  lookAtTheEnd(newestEvent: number): void;
  /** What was said so far is no longer looked at. */
  forget(): void;
  /** Messages that were expected and came. */
  count(): number;
}

interface Parts {
  readonly book: Book;
  readonly authority: Pick<Authority, 'mayDecide'>;
  readonly must: (holds: boolean, otherwise: () => string) => void;
  /** How often Slack could not be reached, nothing could be written, or the bot died. */
  readonly troubles: () => number;
  /** Whether the target has the access of a grant. */
  readonly isHeld: (grantId: string) => boolean;
  readonly now: () => number;
}

const claimsOver = ({ text }: Words): boolean => /It is over|has ended\*|^[\w :/]+ is over\.$/.test(text);

export function createTold(parts: Parts): Told {
  const { must, book } = parts;
  const fates: Fates = noFates(book);
  const audit = createAuditLines();
  const letters = new Map<string, Letter>();
  /** By message. */
  const said = new Map<string, Due[]>();
  let dues: Due[] = [];
  /** By grant and end: nobody is reminded twice of the same. */
  const reminders = new Map<string, { readonly grantId: string; readonly letter: Letter }>();
  /** Who was asked as well, by request: they are shown it while it waits, whether or not they still may. */
  const askedAsWell = new Map<string, string[]>();
  let met = 0;

  const add = (event: ToldEvent, fresh: readonly NewDue[]) => {
    for (const due of fresh) dues.push({ ...due, event, troubles: parts.troubles(), letter: null });
  };

  function hear(event: ToldEvent): void {
    audit.hear(event);
    noteFate(fates, event, parts.troubles());
    add(event, forOthers(event, fates));
    if (event.type === 'request.escalated') {
      const ids = (event.said.to as { slackId: string }[]).map(({ slackId }) => slackId);
      askedAsWell.set(event.requestId ?? '', [...(askedAsWell.get(event.requestId ?? '') ?? []), ...ids]);
    }
    const request = book.requests.get(event.requestId ?? '');
    if (!request) return;
    add(event, forReviewers(event, request, fates));
    const isAgain =
      isOnceAGrant(event.type) &&
      dues.some((due) => due.event.type === event.type && due.event.grantId === event.grantId);
    if (!isAgain) add(event, forRequester(event, request, fates));
  }

  const isAt = (due: Due, letter: Letter): boolean => {
    if (due.to.kind === 'place') return letter.thread === null && letter.to === due.to.id;
    const card = letters.get(letter.thread ?? '');
    return card?.words.text.includes(`\`${due.to.requestId}\``) ?? false;
  };

  function readLetter(letter: Letter): void {
    letters.set(letter.ts, letter);
    const { words, to } = letter;
    if (letter.isAudit) {
      const wrong = audit.read(words);
      must(wrong === null, () => wrong ?? '');
      return;
    }
    // The week, in a few lines.
    if (to === 'C0AUDIT') {
      must(words.text.includes('The week'), () => `${to} is told “${words.text}”`);
      return;
    }
    if (letter.isAnswer) {
      must(words.text.length > 10, () => `${to} is answered “${words.text}”`);
      return;
    }
    const fitting = dues.filter((due) => due.letter === null && isAt(due, letter) && due.says(words));
    const first = fitting.filter((due, index) => index === 0 || (due.isShared && fitting[0]?.isShared));
    for (const due of first) due.letter = letter;
    said.set(letter.ts, first);
    met += first.length;
    if (first.length > 0) {
      lookForLies(letter);
      return;
    }
    const reminded = isReminder(words, to, fates, parts.now());
    const key = JSON.stringify(reminded);
    must(
      reminded !== null && !reminders.has(key),
      () => `${to} is told what nothing says, or is told it twice: “${words.text.slice(0, 300)}”`,
    );
    if (reminded) reminders.set(key, { grantId: reminded.grantId, letter });
  }

  /** Nobody is told that something is over while the target still has it. */
  function lookForLies({ ts, to, words }: Letter): void {
    for (const { event } of said.get(ts) ?? [])
      must(
        event.grantId === null || !claimsOver(words) || !parts.isHeld(event.grantId),
        () => `${to} is told that ${event.grantId} is over, and the target still holds it: “${words.text}”`,
      );
  }

  function readChange(ts: string, words: Words): void {
    const letter = letters.get(ts);
    if (!letter) return;
    letter.words = words;
    for (const due of said.get(ts) ?? [])
      must(
        due.says(words) || due.becomes?.(words) === true || due.last?.(words) === null,
        () => `${letter.to} is no longer told ${due.what} (event ${due.event.seq}): “${words.text.slice(0, 300)}”`,
      );
    lookForLies(letter);
  }

  /** On somebody's Home stands what is theirs, and what they may decide. */
  function readHome(who: string, { buttons }: Words): void {
    const owner: Readonly<Record<string, (id: string) => boolean>> = {
      grant_end: (id) => book.grants.get(id)?.person === who,
      grant_extend: (id) => book.grants.get(id)?.person === who,
      grant_credential: (id) => book.grants.get(id)?.person === who,
      request_cancel: (id) => book.requests.get(id)?.requester === who,
      review_approve: (id) => mayDecide(book.requests.get(id), who),
      review_deny: (id) => mayDecide(book.requests.get(id), who),
    };
    for (const { action, value } of buttons)
      must(owner[action]?.(value) ?? true, () => `the Home of ${who} has ${action} of ${value}, which is not theirs`);
  }

  const mayDecide = (request: RequestFile | undefined, who: string): boolean =>
    request !== undefined &&
    humanOf(request.requester) !== humanOf(who) &&
    (askedAsWell.get(request.id)?.includes(who) === true || parts.authority.mayDecide(request, who, parts.now()));

  const isExcused = ({ troubles }: Pick<Due, 'troubles'>) => parts.troubles() - troubles >= GIVEN_UP_AFTER;

  /** It was no longer so before it could be said. */
  function isMoot({ event, troubles, passed }: Due): boolean {
    const found = passed?.();
    return found !== undefined && (found.troubles > troubles || found.at - event.at <= UNDER_WAY);
  }

  function lookAtTheEnd(newestEvent: number): void {
    must(audit.newest() === newestEvent, () => `the audit channel ends at event ${audit.newest()} of ${newestEvent}`);
    for (const due of dues) {
      const { event, letter, what, to } = due;
      const whom = to.kind === 'place' ? to.id : `the thread of ${to.requestId}`;
      if (isExcused(due)) continue;
      must(
        letter !== null || isMoot(due),
        () => `${whom} was never told ${what} (event ${event.seq}, ${event.type} of ${event.requestId})`,
      );
      const wrong = letter && due.last?.(letter.words);
      must(
        !wrong,
        () =>
          `${whom} was told ${what} (event ${event.seq}), and in the end it ${wrong}: “${letter?.words.text.slice(0, 200)}”`,
      );
    }
    for (const { grantId, letter } of reminders.values())
      must(
        !fates.over.has(grantId) || letter.words.buttons.length === 0 || parts.troubles() >= GIVEN_UP_AFTER,
        () => `${letter.to} is still reminded of ${grantId}, which is over: “${letter.words.text}”`,
      );
  }

  return {
    hear,
    read: (one) => {
      if (one.kind === 'posted') readLetter(one.letter);
      else if (one.kind === 'changed') readChange(one.ts, one.words);
      else readHome(one.to, one.words);
    },
    lookAtTheEnd,
    forget: () => {
      dues = dues.filter(({ letter }) => letter === null);
      for (const memory of [letters, said, reminders]) memory.clear();
    },
    count: () => met,
  };
}
