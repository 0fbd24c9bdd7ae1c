import type { Chance } from '../chance.ts';
import type { Outside } from '../outside.ts';

/**
 * What a person sends who writes their own payloads: another thing than the one on their screen, or as somebody of another
 * workspace. Slack signs who it is from; nothing else in it is worth believing.
 */
export function tampering(chance: Chance, { workspace }: Outside, sense: number) {
  const isHostile = sense < 0.9;
  const ids = /\b[RG]\d{10}\b/g;
  /** Everything that anybody has seen of late. */
  const seen = (): string[] => [
    ...new Set(workspace.messages.slice(-60).flatMap(({ blocks }) => JSON.stringify(blocks).match(ids) ?? [])),
  ];
  return (payload: Record<string, unknown>): Record<string, unknown> => {
    if (!isHostile || !chance.happens(0.1)) return payload;
    const others = seen();
    if (chance.happens(0.2)) return { ...payload, ...asStranger(payload) };
    if (others.length === 0) return payload;
    return JSON.parse(JSON.stringify(payload).replace(ids, () => chance.pick(others))) as Record<string, unknown>;
  };
}

const STRANGER = 'U0STRANGER';

const asStranger = (payload: Record<string, unknown>): Record<string, unknown> =>
  'user_id' in payload
    ? { user_id: STRANGER, team_id: 'T0ELSEWHERE' }
    : { user: { id: STRANGER, team_id: 'T0ELSEWHERE', name: 'stranger' }, team: { id: 'T0ELSEWHERE', domain: 'else' } };
