import { parseDuration } from '../../../domain/duration.ts';
import type { Policy } from '../../../domain/policy.ts';
import type { Instant } from '../../../domain/terms.ts';
import type { EventFilter } from '../../../ports/ledger.ts';

/** Parses what follows `/jit audit`: a request, a resource or role, an incident, a period; the rest is a name. */
export function readQuestion(policy: Policy, typed: string, now: Instant): Omit<EventFilter, 'limit'> {
  const names: string[] = [];
  let filter: Omit<EventFilter, 'limit'> = {};
  for (const word of typed.split(/\s+/).filter(Boolean)) {
    const period = parseDuration(word);
    const mention = /^<@([UW][A-Z0-9]+)(?:\|[^>]*)?>$/.exec(word);
    if (period) filter = { ...filter, from: now - period };
    else if (mention?.[1]) filter = { ...filter, person: mention[1] };
    else if (/^R[0-9A-HJKMNP-TV-Z]{10}$/.test(word)) filter = { ...filter, requestId: word };
    else if (/^[PQ][A-Z0-9]{6,}$/.test(word)) filter = { ...filter, incidentId: word };
    else if (policy.resources.has(word.split('/')[0]?.toLowerCase() ?? ''))
      filter = { ...filter, role: word.toLowerCase() };
    else names.push(word.replace(/^@/, ''));
  }
  return names.length > 0 ? { ...filter, person: names.join(' ') } : filter;
}
