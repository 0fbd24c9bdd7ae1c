/** Addresses at which an app answers a command or a click afterwards. https://docs.slack.dev/interactivity/handling-user-interaction */

import { z } from 'zod';
import { messageBlocks } from './blockKit.ts';
import type { Workspace } from './workspace.ts';

const USES = 5;
const LIFE_MS = 30 * 60_000;

const answerSchema = z.object({
  text: z.string().optional(),
  blocks: messageBlocks.optional(),
  response_type: z.enum(['ephemeral', 'in_channel']).optional(),
  replace_original: z.boolean().optional(),
  delete_original: z.boolean().optional(),
});

export interface Responses {
  /** A new address for what one person did in a channel. */
  issue(user: string, channel: string): string;
  /** @returns the status and body that Slack answers with */
  use(id: string, body: string): { status: number; body: string };
}

/** @param base where these addresses lie */
export function createResponses(workspace: Workspace, base: () => string): Responses {
  const live = new Map<string, { user: string; channel: string; until: number; left: number }>();
  return {
    issue: (user, channel) => {
      const id = workspace.newId('r');
      live.set(id, { user, channel, until: workspace.now() + LIFE_MS, left: USES });
      return `${base()}/response/${id}`;
    },
    use: (id, body) => {
      const found = live.get(id);
      if (!found || found.left === 0 || found.until < workspace.now()) return { status: 404, body: 'expired_url' };
      const parsed = answerSchema.safeParse(JSON.parse(body || '{}'));
      if (!parsed.success) return { status: 400, body: 'invalid_blocks' };
      const { text = '', blocks = [], response_type: type } = parsed.data;
      if (text === '' && blocks.length === 0) return { status: 400, body: 'no_text' };
      found.left -= 1;
      workspace.post({
        channel: found.channel,
        user: workspace.app.botUserId,
        text,
        blocks: blocks.map((block) => (block.block_id ? block : { ...block, block_id: workspace.newId('b') })),
        metadata: null,
        threadTs: null,
        ephemeralTo: type === 'in_channel' ? null : found.user,
      });
      return { status: 200, body: 'ok' };
    },
  };
}
