import type { Instant, Millis } from '../../../src/domain/terms.ts';
import { type Authority, createAuthority } from './authority.ts';
import { type Around, type Book, emptyBook, type Looks, type Told } from './book.ts';
import { canaryLook, isCanarys } from './canary.ts';
import { type Calm, overdueCheck, whyCheck } from './ends.ts';
import { grantLooks } from './grants.ts';
import { peopleLooks } from './people.ts';
import { requestLooks } from './requests.ts';

/**
 * What policy.yaml says, told a second time and in other words, and who may do what: by what is so in the world alone. It
 * imports nothing of the bot but names of types. Each event by a person, each decision and each end is held against it.
 */
export interface Model {
  /** @throws Violation-like text by `must` */
  look(event: Told): void;
  /** What must have come true by now. */
  overdue(now: Instant, calmSince: Calm): void;
  readonly book: Book;
  readonly authority: Authority;
}

export function createModel(parts: Omit<Around, 'book'>, grace: Millis): Model {
  const book = emptyBook();
  const around: Around = { ...parts, book };
  const authority = createAuthority(around);
  const looks: Looks = {
    ...requestLooks(around, authority),
    ...grantLooks(around, authority, whyCheck(around)),
    ...peopleLooks(around),
  };
  const lookAtCanary = canaryLook(around);
  return {
    book,
    authority,
    look: (event) => (isCanarys(event) ? lookAtCanary(event) : looks[event.type]?.(event)),
    overdue: overdueCheck(around, grace),
  };
}
