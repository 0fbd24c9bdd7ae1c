/** What administrators read. */

import type { LiveGrant } from '../domain/grant.ts';
import type { Instant } from '../domain/terms.ts';
import { counted } from '../domain/text.ts';
import { code, people, type Sentence, say, time } from './pieces.ts';

export function grantSentence(grant: LiveGrant, zone?: string): Sentence {
  switch (grant.state) {
    case 'active':
      return say`until ${time(grant.endsAt, zone)}, as ${code(grant.activation.account)}`;
    case 'provisioning':
      return say`being set up`;
    case 'revoking':
      return say`ending`;
    case 'overdue':
      return say`:rotating_light: could not be ended yet`;
  }
}

export const ADMIN_WORDS = {
  title: 'Administration',
  frozen: (by: string, since: Instant): Sentence =>
    say`:rotating_light: *All access is frozen* by ${people([by])} since ${time(since)}.`,
  noForm: say`Slack opens no form right now. ${code('/jit admin freeze REASON…')} ends all access and grants nothing new.`,
  active: (count: number): Sentence => say`*Active: ${count}*`,
  waiting: (count: number): Sentence => say`*Waiting: ${count}*`,
  holds: (who: string, role: string, state: Sentence): Sentence => say`${people([who])} has ${role}\n${state}`,
  asks: (who: string, role: string, state: Sentence): Sentence => say`${people([who])} asks for ${role}\n${state}`,
  more: (count: number): Sentence => say`and ${count} more`,
  moreHere: (count: number): Sentence => say`and ${count} more: choose a person, a resource or an incident above`,
  everybody: 'Everybody',
  everyResource: 'Every resource',
  everyIncident: 'Every incident',
  sayWhy: say`Say why: ${code('/jit admin freeze REASON…')}. Everybody reads it.`,
  resetCodes: say`Somebody lost their phone? Reset their one-time codes, and they can set them up again.`,
  pick: 'Pick a person',
} as const;

export const FREEZE_FORM = {
  title: 'Freeze everything',
  submit: 'Freeze',
  about: (active: number): Sentence =>
    say`*Nobody gets access until you lift it.* ${active === 0 ? 'Nothing is active now.' : `${counted(active, 'active grant ends', 'active grants end')} now.`} I tell the approvals channel.`,
  why: 'Why?',
  whyHint: 'Everybody reads it.',
} as const;

export const GONE_FORM = {
  title: 'Access that is gone',
  submit: 'I looked: it is gone',
  about: (role: string, who: string): Sentence =>
    say`*I could not end ${role} of ${people([who])}*, and can’t see whether it is gone. Check at the target yourself. If you say it is gone, I believe you and stop trying; the ledger says that it was your word, and that I did not see it.`,
  what: 'What did you see at the target?',
  whatHint: 'Auditors read it, for example: the repository was deleted on 3 May.',
} as const;

export const RELOAD_FORM = {
  title: 'Reload the policy',
  submit: 'Put it in force',
  submitAnyway: 'Put it in force anyway',
  unreadable: say`:warning: *The policy file has a mistake.* The policy in force stays as it is.`,
  same: say`The policy file has not changed.`,
  changes: (hash: string): Sentence => say`*What changes* (${code(hash)})`,
  onlyLayout: 'only comments and layout',
  note: say`Active access stays as it was granted. The change is recorded with your name.`,
  inForce: (hash: string): Sentence => say`:white_check_mark: *In force*: ${code(hash)}, recorded with your name.`,
  stranded: (count: number): Sentence =>
    say`:rotating_light: *${counted(count, 'active grant', 'active grants')} could not be ended any more* after a restart with this file. Keep the targets under ${code('retired_targets')} until that access has ended, or end it first.`,
} as const;
