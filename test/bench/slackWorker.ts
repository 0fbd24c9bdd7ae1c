/** Two workspaces and PagerDuty, and the person who types `/jit` in one and in the other, with a watch in hand. */

import { once } from 'node:events';
import { parentPort } from 'node:worker_threads';
import { startPagerDuty } from '../../src/sandbox/pagerduty/server.ts';
import { type SlackSandbox, startSlack } from '../../src/sandbox/slack/server.ts';
import { pagerDutyAccount, WORKSPACE } from '../../src/sandbox/team.ts';
import { BOT_SCOPES } from '../support/scopes.ts';
import { timeAsync } from './measure.ts';

/** Where they are, as URLs of their APIs. */
export interface Places {
  readonly ours: string;
  readonly bare: string;
  readonly pagerDuty: string;
}

/** Milliseconds from the command to its acknowledgement. */
export interface Times {
  readonly ours: number[];
  readonly bare: number[];
}

const SAMPLES = 300;
/** The first few are everybody's warming up. */
const WARM_UP = 50;
/** By then what the command before went on doing after its acknowledgement is over. */
const PAUSE_MS = 25;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const workspace = () =>
  startSlack({
    data: WORKSPACE,
    now: Date.now,
    tokens: { bot: 'xoxb-bench', app: 'xapp-bench', signingSecret: 'bench-secret' },
    scopes: BOT_SCOPES,
    // More modals are opened here than Slack lets a bot open in a minute.
    limited: false,
  });

async function ask(slack: SlackSandbox): Promise<number> {
  const took = await timeAsync(() => slack.people.command('U0ANA', '/jit', '', 'C0GENERAL'));
  await pause(PAUSE_MS);
  for (let top = slack.people.topView('U0ANA'); top; top = slack.people.topView('U0ANA')) slack.people.close(top);
  return took;
}

const port = parentPort;
if (!port) throw new Error('this is started by slackBench.ts');
const [ours, bare] = await Promise.all([workspace(), workspace()]);
const pagerDuty = await startPagerDuty({ account: pagerDutyAccount(Date.now()), now: Date.now, token: 'bench-token' });
port.postMessage({ ours: ours.apiUrl, bare: bare.apiUrl, pagerDuty: pagerDuty.apiUrl } satisfies Places);
await once(port, 'message');
while (ours.link.connections() === 0 || bare.link.connections() === 0) await pause(20);
const times: Times = { ours: [], bare: [] };
for (let sample = -WARM_UP; sample < SAMPLES; sample += 1) {
  const pair = [
    ['bare', bare],
    ['ours', ours],
  ] as const;
  // Each goes first as often as the other.
  for (const [name, slack] of sample % 2 === 0 ? pair : pair.toReversed()) {
    const took = await ask(slack);
    if (sample >= 0) times[name].push(took);
  }
}
port.postMessage(times);
