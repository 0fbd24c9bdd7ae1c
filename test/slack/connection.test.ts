import { createHmac } from 'node:crypto';
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Stage, setStage } from '../support/bot.ts';

const MINUTE = 60_000;
let stage: Stage;

const opensForm = async (who = stage.ana) => {
  await stage.sandbox.slack.people.command(who.id, '/jit', '', 'C0GENERAL');
  await who.sees('What do you need?');
};
const { workspace, link } = { workspace: () => stage.sandbox.slack.workspace, link: () => stage.sandbox.slack.link };
const said = () => stage.log.lines.filter((line) => line.message.startsWith('connected to Slack')).length;
/** Looks again and again at what no message announces. */
const eventually = (look: () => boolean) => expect.poll(look, { timeout: 15_000, interval: 20 }).toBe(true);

describe('Socket Mode', () => {
  beforeEach(async () => {
    stage = await setStage();
  });
  afterEach(() => stage.close());

  test('a refreshed connection is replaced immediately', async () => {
    const before = said();
    link().refresh('refresh_requested');
    await eventually(() => said() > before && link().connections() > 0);
    await opensForm();
  });

  test('a dropped connection is replaced immediately', async () => {
    const before = said();
    link().dropAll();
    await eventually(() => said() > before && link().connections() > 0);
    await opensForm();
  });

  test('what arrives while the connection is replaced is answered over the next one', async () => {
    link().dropAll();
    await opensForm();
  });

  test('a revoked Slack token stops nothing: access ends on time, and the bot recovers', async () => {
    await stage.ana.submit(
      await stage.ana.fillRequest({ search: 'payments', role: 'payments-db/read', reason: 'Stuck payments' }),
    );
    await stage.ana.readsDirect('You have Payments database (read)');
    stage.sandbox.slack.revokeTokens();
    link().dropAll();
    await eventually(() =>
      stage.log.lines.some(
        (line) => line.level === 'error' && line.message.includes('does not accept SLACK_APP_TOKEN (token_revoked)'),
      ),
    );
    stage.clock.jump(61 * MINUTE);
    await expect.poll(() => stage.madeRoles(), { timeout: 5_000 }).toEqual([]);
    stage.sandbox.slack.restoreTokens();
    await eventually(() => link().connections() > 0);
    stage.clock.jump(2 * MINUTE);
    await stage.ana.readsDirect('has ended');
    await opensForm();
  });

  test('a refused token at start stops the start, unless access has to be taken back', async () => {
    await stage.stopBot();
    stage.sandbox.slack.revokeTokens();
    await expect(stage.restart()).rejects.toThrow(/token was revoked; reinstall the app/);
  });
});

describe('HTTP mode', () => {
  const SECRET = 'sandbox-signing-secret';
  let port: number;
  beforeEach(async () => {
    port = await new Promise<number>((resolve) => {
      const probe = createServer().listen(0, '127.0.0.1', () => {
        const address = probe.address();
        probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
      });
    });
    stage = await setStage({ env: { SLACK_APP_TOKEN: '', SLACK_SIGNING_SECRET: SECRET, PORT: String(port) } });
    stage.sandbox.slack.link.useHttp(`http://127.0.0.1:${port}/slack/events`);
  });
  afterEach(() => stage.close());

  test('the whole job runs over signed requests too', async () => {
    await stage.ana.submit(
      await stage.ana.fillRequest({ search: 'payments', role: 'payments-db/read', reason: 'Stuck payments' }),
    );
    const granted = await stage.ana.readsDirect('You have Payments database (read)');
    await stage.ana.click(granted, 'grant_end');
    await stage.ana.readsDirect('ended early');
  });

  test.each([
    ['with no signature', {}, 401],
    ['with a wrong signature', { secret: 'another' }, 401],
    ['signed ten minutes ago', { at: -10 * MINUTE }, 401],
    ['dated ten minutes in the future', { at: 10 * MINUTE }, 401],
    ['that is far too large', { size: 2_000_000 }, 413],
  ] as [string, { secret?: string; at?: number; size?: number }, number][])(
    'a request %s is refused and does nothing',
    async (_name, how, status) => {
      const body = new URLSearchParams({
        command: '/jit',
        text: '',
        user_id: 'U0ANA',
        trigger_id: '1',
        team_id: 'T0HARBOR',
        padding: 'x'.repeat(how.size ?? 0),
      }).toString();
      const timestamp = String(Math.floor((Date.now() + (how.at ?? 0)) / 1000));
      const signature = `v0=${createHmac('sha256', how.secret ?? SECRET)
        .update(`v0:${timestamp}:${body}`)
        .digest('hex')}`;
      const signed = Object.keys(how).length > 0;
      const calls = stage.sandbox.slack.calls.length;
      const response = await fetch(`http://127.0.0.1:${port}/slack/events`, {
        method: 'POST',
        body,
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          ...(signed && { 'x-slack-request-timestamp': timestamp, 'x-slack-signature': signature }),
        },
      });
      expect(response.status).toBe(status);
      expect(stage.sandbox.slack.calls.slice(calls).filter((call) => call === 'views.open')).toEqual([]);
      expect(workspace().views.size).toBe(0);
    },
  );
});
