import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { startBot } from '../../src/bot.ts';
import { systemClock } from '../../src/clock.ts';
import { parseEnv } from '../../src/config/env.ts';
import { loadPolicy } from '../../src/config/policyFile.ts';
import { PROVISIONERS } from '../../src/provisioners/registry.ts';
import { startPagerDuty } from '../../src/sandbox/pagerduty/server.ts';
import { startSlack } from '../../src/sandbox/slack/server.ts';
import { pagerDutyAccount, WORKSPACE } from '../../src/sandbox/team.ts';
import { recordedLog } from '../support/log.ts';
import { BOT_SCOPES } from '../support/scopes.ts';
import { inFolder } from './box.ts';
import { type Measure, median, timeAsync } from './measure.ts';

/** `/jit` over Socket Mode: until it is acknowledged, against a bare Bolt handler on a workspace of the same kind. */

const SAMPLES = 120;
/** By then what the command before went on doing after its acknowledgement is over. */
const PAUSE_MS = 80;
const bolt = createRequire(import.meta.url)('@slack/bolt') as typeof import('@slack/bolt');
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const workspace = () =>
  startSlack({
    data: WORKSPACE,
    now: Date.now,
    tokens: { bot: 'xoxb-bench', app: 'xapp-bench', signingSecret: 'bench-secret' },
    scopes: BOT_SCOPES,
  });

export const slackBench = (): Promise<Measure[]> =>
  inFolder(async (path) => {
    const [ours, bare] = await Promise.all([workspace(), workspace()]);
    const pagerDuty = await startPagerDuty({
      account: pagerDutyAccount(Date.now()),
      now: Date.now,
      token: 'bench-token',
    });
    writeFileSync(
      path('policy.yaml'),
      `version: 1
slack: { audit_channel: C0AUDIT, approvals_channel: C0ACCESS, digest: never }
resources:
  web:
    target: { kind: webhook, url: "http://127.0.0.1:9", secret: "\${SECRET}" }
    roles: { edit: { grants: {}, duration: { max: 1h }, rules: [{ allow: { on_call: { level: { max: 2 } } } }] } }
`,
    );
    const variables = {
      SLACK_BOT_TOKEN: 'xoxb-bench',
      SLACK_APP_TOKEN: 'xapp-bench',
      SLACK_API_URL: ours.apiUrl,
      PAGERDUTY_TOKEN: 'bench-token',
      PAGERDUTY_API_URL: pagerDuty.apiUrl,
      JIT_POLICY: path('policy.yaml'),
      JIT_DATABASE: path('jit.db'),
      SECRET: 'sixteen-characters-at-least',
    };
    const { policy } = loadPolicy(path('policy.yaml'), PROVISIONERS, variables);
    const bot = await startBot({
      env: parseEnv(variables),
      policy,
      readPolicy: () => ({ policy }),
      log: recordedLog(),
      clock: systemClock,
    });
    const app = new bolt.App({
      socketMode: true,
      token: 'xoxb-bench',
      appToken: 'xapp-bench',
      clientOptions: { slackApiUrl: bare.apiUrl },
      logLevel: bolt.LogLevel.ERROR,
    });
    app.command('/jit', async ({ ack, command, client }) => {
      await ack();
      await client.views.open({
        trigger_id: command.trigger_id,
        view: { type: 'modal', title: { type: 'plain_text', text: 'x' }, blocks: [{ type: 'divider' }] },
      });
    });
    await app.start();
    while (ours.link.connections() === 0 || bare.link.connections() === 0) await pause(20);
    const times = { ours: [] as number[], bare: [] as number[] };
    for (let sample = 0; sample < SAMPLES + 5; sample += 1) {
      const pair = [
        ['bare', bare],
        ['ours', ours],
      ] as const;
      // Each goes first as often as the other.
      for (const [name, slack] of sample % 2 === 0 ? pair : pair.toReversed()) {
        const took = await timeAsync(() => slack.people.command('U0ANA', '/jit', '', 'C0GENERAL'));
        // The first few are everybody's warming up.
        if (sample >= 5) times[name].push(took);
        await pause(PAUSE_MS);
        for (let top = slack.people.topView('U0ANA'); top; top = slack.people.topView('U0ANA')) slack.people.close(top);
      }
    }
    await Promise.all([bot.stop('bench'), app.stop()]);
    await Promise.all([ours.close(), bare.close(), pagerDuty.close()]);
    return [
      {
        what: '/jit acknowledged, Socket Mode',
        unit: 'ms',
        value: median(times.ours),
        floor: { what: 'a bare Bolt handler', value: median(times.bare) },
        budget: { most: 1.1 },
        limitedBy: 'Bolt and the wire',
      },
    ];
  });
