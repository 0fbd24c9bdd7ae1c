/** One line per request: who, what, why, who decided, from when to when, and how it ended. */

import type { EndReason } from '../domain/grant.ts';
import type { Story, StoryAccess, StoryDecision } from '../domain/story.ts';

import { cut } from '../domain/text.ts';
import { endSentence } from './ends.ts';
import { code, joined, lasting, type Sentence, say, time } from './pieces.ts';

const REASON_SHOWN = 120;

/** @param roleName the role's name for people */
export function storySentence(story: Story, roleName: string): Sentence {
  const { who, access, decision, reason, incidentId, requestId, events } = story;
  const range = events.first === events.last ? `#${events.first}` : `#${events.first}–#${events.last}`;
  const incident = incidentId === null ? '' : say` · incident ${code(incidentId)}`;
  return say`*${who.name}* ${whatSentence(story, roleName)} · “${cut(reason, REASON_SHOWN)}”${incident} · ${decisionSentence(decision)}${access === null ? '' : endOf(access)} · ${code(requestId)} ${range}`;
}

function whatSentence({ access, duration, askedAt, isExtension }: Story, role: string): Sentence {
  if (access === null || access.from === null)
    return isExtension
      ? say`asked for ${lasting(duration)} more of *${role}*, ${time(askedAt)}`
      : say`asked for *${role}* for ${lasting(duration)}, ${time(askedAt)}`;
  return access.ended === null
    ? say`has *${role}* since ${time(access.from)}, until ${time(access.until)}`
    : say`had *${role}* from ${time(access.from)} to ${time(access.until)}`;
}

function decisionSentence(decision: StoryDecision): Sentence {
  switch (decision.kind) {
    case 'waiting':
      return say`waiting`;
    case 'cancelled':
      return say`cancelled`;
    case 'expired':
      return say`expired before anybody decided`;
    case 'denied':
      return decision.by === null ? say`denied by the policy` : say`denied by ${decision.by.name}`;
    case 'approved':
      if (decision.by === 'break_glass') return say`break-glass`;
      if (decision.by === 'canary') return say`canary`;
      return decision.approvers.length === 0
        ? say`automatic`
        : say`approved by ${joined(
            decision.approvers.map(({ name }) => name),
            ' and ',
          )}`;
  }
}

function endOf({ ended, isOverdue }: StoryAccess): Sentence {
  if (isOverdue) return say` · *could not be ended yet*`;
  if (ended === null) return [];
  if (ended === 'failed') return say` · could not be set up`;
  return ended === 'gone'
    ? say` · an administrator says it is gone`
    : say` · ended: ${endSentence(ended satisfies EndReason)}`;
}
