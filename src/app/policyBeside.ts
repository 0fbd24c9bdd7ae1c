/** Reads the policy file beside the event loop: a large one takes a second, and access has to end on time meanwhile. */
import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { nextTurn } from '../concurrency/turn.ts';
import { compilePattern } from '../config/ticketPattern.ts';
import type { Pattern, Policy, Resource } from '../domain/policy.ts';
import type { PolicyReading } from '../ports/policy.ts';
import { START } from '../wording/terminal/settings.ts';
import { inThread } from './inThread.ts';
import type { PlainResource, PolicyPart, PolicyThreadAnswer, PolicyThreadData } from './policyThread.ts';

/**
 * Reads and checks the whole file in a thread, which is over afterwards.
 * @returns null if the policy cannot be handed over between threads
 * @throws what kept the thread from reading it
 */
export async function readPolicyBeside(path: string): Promise<PolicyReading | null> {
  const { port1: ours, port2: theirs } = new MessageChannel();
  const data: PolicyThreadData = { path, parts: theirs };
  try {
    return await inThread('policyThread', { data, transfer: [theirs] }, async (answer: PolicyThreadAnswer) => {
      if (answer === 'cannot be handed over') return null;
      return answer === 'handed over' ? { policy: await takeOver(ours) } : answer;
    });
  } finally {
    ours.close();
  }
}

/** A part a turn of the event loop. */
async function takeOver(parts: MessagePort): Promise<Policy> {
  const resources = new Map<string, Resource>();
  const patterns = patternBook();
  for (;;) {
    const part: PolicyPart | undefined = receiveMessageOnPort(parts)?.message;
    if (!part) throw new Error(START.policyPartLost);
    if (part.kind === 'rest') return { ...part.rest, resources };
    for (const one of part.resources) resources.set(one.id, resourceOf(one, patterns));
    await nextTurn();
  }
}

/** Patterns by their source: many roles share one. */
function patternBook(): (source: string) => Pattern {
  const known = new Map<string, Pattern>();
  return (source) => {
    const pattern = known.get(source) ?? compilePattern(source);
    if ('problem' in pattern) throw new Error(pattern.problem);
    known.set(source, pattern);
    return pattern;
  };
}

const resourceOf = (plain: PlainResource, patternOf: (source: string) => Pattern): Resource => ({
  ...plain,
  roles: new Map(
    [...plain.roles].map(([id, { reason, ...role }]) => [
      id,
      { ...role, reason: { ...reason, ticket: reason.ticket === null ? null : patternOf(reason.ticket) } },
    ]),
  ),
});
