/** Access reviews: what owners are asked, and what messages about them say. */

import type { ReviewItem } from '../domain/accessReview.ts';
import type { Principal } from '../domain/policy.ts';
import type { Instant } from '../domain/terms.ts';
import { counted, cut } from '../domain/text.ts';
import { code, people, type Sentence, say, time } from './pieces.ts';

const COMMENT_TEXT = 200;

export const ACCESS_REVIEW_CARD = {
  text: (resource: string): Sentence => say`Access review: who may get ${resource}?`,
  head: (resource: string, state: Sentence): Sentence =>
    say`:clipboard: *Access review: who may get ${resource}?*\n${state}`,
  closed: (at: Instant, left: number, all: number): Sentence =>
    left > 0
      ? say`Closed ${time(at)}. :warning: *${left} of ${all} never answered.*`
      : say`Closed ${time(at)}. All answered.`,
  open: (owners: readonly Principal[], dueAt: Instant, left: number, all: number): Sentence =>
    say`${people(owners)}, please answer before ${time(dueAt)}: should each of these stay? ${left} of ${all} to go.`,
  done: say`:white_check_mark: All answered. You can change an answer until the review closes.`,
  answered: ({ verdict, by, comment }: NonNullable<ReviewItem['answer']>): Sentence =>
    say`${verdict === 'keep' ? say`:white_check_mark: Kept` : say`:no_entry: Removed`} by ${people([by.slackId])}${comment && say`: “${cut(comment, COMMENT_TEXT)}”`}`,
  unused: say`Nobody had this role in the last 90 days.`,
  used: (times: number, persons: number): Sentence =>
    say`This role was given ${counted(times, 'time')} in the last 90 days, to ${counted(persons, 'person', 'people')}.`,
  item: (role: string, rule: string, said: Sentence): Sentence => say`*${role}*: ${rule}\n${said}`,
  note: say`*Remove* works immediately: nobody gets access by that rule any more, until the policy file changes it. Active access stays until its end.`,
} as const;

/** The private message to each owner. */
export const OWNER_NOTICE = {
  text: say`Access review: please check who may get what you own`,
  open: (resources: number, dueAt: Instant): Sentence =>
    say`:clipboard: *Access review: you own ${counted(resources, 'resource')}.* Please say whether each rule should stay, before ${time(dueAt)}.`,
  closed: (at: Instant): Sentence => say`:clipboard: *The access review closed ${time(at)}.*`,
  resource: (name: string, left: number, all: number): Sentence =>
    left === 0
      ? say`:white_check_mark: *${name}*: ${counted(all, 'rule')}, all answered`
      : say`*${name}*: ${left} of ${counted(all, 'rule')} to go`,
  more: (count: number): Sentence => say`and ${count} more in the approvals channel`,
} as const;

export const ACCESS_REVIEW_FORM = {
  title: 'Access review',
  remove: 'Remove this rule',
  removeSubmit: 'Remove',
  removeAbout: say`Nobody gets access by this rule from now on. The policy file still has it: change it there too.`,
  why: 'Why?',
  whyHint: 'The ledger keeps it, with your name.',
  isOpen: (id: string, dueAt: Instant, answered: number, all: number): Sentence =>
    say`*Access review ${code(id)} is open* until ${time(dueAt)}: ${answered} of ${counted(all, 'rule')} answered. Owners answer in the approvals channel.`,
  about: say`I ask the owners of each resource, in the approvals channel and by message, to keep or remove every rule that gives somebody access. The ledger keeps their answers.`,
  howLong: 'How long do they have?',
  days: (days: number): string => `${days} days`,
  start: 'Start',
} as const;
