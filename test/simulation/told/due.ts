import type { Instant } from '../../../src/domain/terms.ts';
import type { Book, GrantFile, Told as ToldEvent } from '../model/book.ts';
import type { Letter, Words } from './letters.ts';

/** Something that somebody must be told, because of an event. */
export interface Due {
  readonly event: ToldEvent;
  /** A person, a channel, or the thread of the card of a request. */
  readonly to:
    | { readonly kind: 'place'; readonly id: string }
    | { readonly kind: 'thread'; readonly requestId: string };
  /** For whoever reads that it is missing. */
  readonly what: string;
  /** Whether these words say it. */
  readonly says: (words: Words) => boolean;
  /** One message may say this of several requests. */
  readonly isShared?: true;
  /** Since when it is no longer so: what was not said in time is left out. Absent: it has to be said. */
  readonly passed?: () => Passed | undefined;
  /** Whether words that said it may be changed to these. */
  readonly becomes?: (words: Words) => boolean;
  /** What has to stand there in the end. @returns what is wrong with it; null if nothing is. Absent: it stays as it was. */
  readonly last?: (words: Words) => string | null;
  /** How often something had gone wrong when it became due. */
  readonly troubles: number;
  letter: Letter | null;
}

/** When something was no longer so, and how often something had gone wrong by then. */
export interface Passed {
  readonly at: Instant;
  readonly troubles: number;
}

export type NewDue = Omit<Due, 'event' | 'troubles' | 'letter'>;

/** What has become of requests and grants, as events have told it. */
export interface Fates {
  readonly book: Book;
  /** Each request that was asked for, by what closed it. */
  readonly closed: Map<string, 'approved' | 'denied' | 'cancelled' | 'expired'>;
  /** Why each was denied, by whom. */
  readonly denials: Map<string, { readonly by: string | null; readonly comment: string }>;
  /** Each grant that is over, by why. */
  readonly over: Map<
    string,
    { readonly at: Instant; readonly why: string; readonly by: string | null; readonly isFailed: boolean }
  >;
  /** Who began the end of each grant; null: the bot. */
  readonly endingBy: Map<string, string | null>;
  /** Every end that each grant was ever said to have. */
  readonly ends: Map<string, Instant[]>;
  readonly reasons: Map<string, string>;
  /** Requests that are no longer open or approved for later, by id and state, and grants that are no longer active or overdue. */
  readonly passed: Map<string, Passed>;
  /** Uses of break-glass that somebody gave a verdict on. */
  readonly verdicts: Set<string>;
  /** Requests that other people had something to do with. */
  readonly asked: Set<string>;
  /** By extension, the grant that it makes longer; otherwise its own. */
  grantOf(requestId: string): GrantFile | undefined;
}

export const person = (id: string): Due['to'] => ({ kind: 'place', id });
export const channel = (id: string): Due['to'] => ({ kind: 'place', id });
export const thread = (requestId: string): Due['to'] => ({ kind: 'thread', requestId });

export const noButtons = ({ buttons, text }: Words): string | null =>
  buttons.length === 0 ? null : `still has the button ${buttons[0]?.action}: “${text.slice(0, 120)}”`;

/** @returns null if it holds */
export const unless = (holds: boolean, otherwise: string): string | null => (holds ? null : otherwise);
