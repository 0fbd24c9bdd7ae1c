/** `/jit` over Socket Mode: until it is acknowledged, against a bare Bolt handler on a workspace of the same kind. */

import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { startBot } from '../../src/app/bot.ts';
import { systemClock } from '../../src/app/clock.ts';
import { parseEnv } from '../../src/config/env.ts';
import { loadPolicy } from '../../src/config/policyFile.ts';
import { PROVISIONERS } from '../../src/provisioners/registry.ts';
import { recordedLog } from '../support/log.ts';
import { inFolder } from './box.ts';
import { type Measure, paired } from './measure.ts';
import type { Places, Times } from './slackWorker.ts';

const bolt = createRequire(import.meta.url)('@slack/bolt') as typeof import('@slack/bolt');

export const slackBench = (): Promise<Measure[]> =>
  inFolder(async (path) => {
    // In a thread of its own, so that what a bot does after its acknowledgement keeps nobody from seeing it.
    const world = new Worker(new URL('./slackWorker.ts', import.meta.url));
    const [places] = (await once(world, 'message')) as [Places];
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
      SLACK_API_URL: places.ours,
      PAGERDUTY_TOKEN: 'bench-token',
      PAGERDUTY_API_URL: places.pagerDuty,
      JIT_POLICY: path('policy.yaml'),
      JIT_DATABASE: path('jit.db'),
      SECRET: 'sixteen-characters-at-least',
    };
    const { policy } = loadPolicy(path('policy.yaml'), PROVISIONERS, variables);
    const bot = await startBot({
      env: parseEnv(variables),
      policy,
      readPolicy: async () => ({ policy }),
      readPolicyText: () => ({ policy }),
      log: recordedLog(),
      clock: systemClock,
    });
    const app = new bolt.App({
      socketMode: true,
      token: 'xoxb-bench',
      appToken: 'xapp-bench',
      clientOptions: { slackApiUrl: places.bare },
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
    world.postMessage('go');
    const [times] = (await once(world, 'message')) as [Times];
    await Promise.all([bot.stop('bench'), app.stop()]);
    await world.terminate();
    return [
      {
        what: '/jit acknowledged, Socket Mode',
        unit: 'ms',
        ...paired('a bare Bolt handler', times.ours, times.bare),
        budget: { most: 1.05 },
        limitedBy: 'Bolt and the wire',
      },
    ];
  });
