import { expect, test } from 'vitest';
import { ownMessages } from '../../src/slack/outbox/identity.ts';

const US = { team: 'T0HARBOR', user: 'U0JIT', bot: 'B0JIT' };
const message = { ts: '1.0', user: US.user, bot_id: US.bot, team: US.team };

test.each([
  ['of another workspace', { team: 'T0OTHER' }],
  ['of another user', { user: 'U0OTHER' }],
  ['of another bot', { bot_id: 'B0OTHER' }],
  ['of a person', { bot_id: undefined }],
  ['that somebody else edited', { edited: { user: 'U0EVE' } }],
])('K5.12 a message %s is not the bot’s own', (_whose, change) => {
  const own = ownMessages([US]);
  expect(own.wrote(message)).toBe(true);
  expect(own.wrote({ ...message, ...change })).toBe(false);
});
