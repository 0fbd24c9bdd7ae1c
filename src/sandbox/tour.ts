/**
 * The whole story in the terminal. Every line with a check mark was observed: in Slack's messages, at the
 * database, in the ledger. The first thing that is not as it should be ends the tour with an error.
 */

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Person, personAt } from './person.ts';
import { query } from './postgres.ts';
import { messageLines, viewLines } from './render.ts';
import { type RunningSandbox, runSandbox } from './run.ts';
import type { Message, OpenView } from './slack/workspace.ts';
import { until } from './until.ts';

const MINUTE = 60_000;
const CLI = fileURLToPath(new URL('../cli/jitbot.ts', import.meta.url));

const bold = (text: string) => `\x1b[1m${text}\x1b[0m`;
const dim = (text: string) => `\x1b[2m${text}\x1b[0m`;
const say = (line = '') => process.stdout.write(`${line}\n`);

export async function tour(): Promise<void> {
  const startedAt = performance.now();
  say(dim('Starting Slack, PagerDuty and PostgreSQL on this machine…'));
  const running = await runSandbox();
  try {
    await story(running);
    say(`\n${bold('Every step was observed.')} ${dim(`${((performance.now() - startedAt) / 1000).toFixed(1)} s`)}`);
  } finally {
    await running.close();
  }
}

async function story(running: RunningSandbox): Promise<void> {
  const scene = sceneOf(running);
  const address = await onCallAtOnce(scene);
  await decidedInTheThread(scene);
  await deniedByTheRules(scene);
  const ended = await endedByItself(scene, address);
  await killedInTheMiddle(scene, running, ended);
  await auditorLooks(scene);
}

type Scene = ReturnType<typeof sceneOf>;

/** Who takes part, and how what they see is shown. */
function sceneOf({ sandbox, clock }: RunningSandbox) {
  const { slack, postgres } = sandbox;
  const { workspace } = slack;
  const box = (title: string, lines: readonly string[]) => {
    say(`  ┌ ${bold(title)}`);
    for (const line of lines) say(`  │ ${line}`);
    say('  └');
  };
  // Slack shows each reader the times of where they are.
  const zone = ({ id }: Person) => dim(` (times in ${workspace.users.get(id)?.timeZone})`);
  return {
    sandbox,
    slack,
    workspace,
    clock,
    ana: personAt(slack, 'U0ANA'),
    ben: personAt(slack, 'U0BEN'),
    chloe: personAt(slack, 'U0CHLOE'),
    eve: personAt(slack, 'U0EVE'),
    show: (where: string, message: Message, viewer: Person) =>
      box(
        `${where}, as ${workspace.users.get(viewer.id)?.realName} reads it${zone(viewer)}`,
        messageLines(workspace, message, viewer.id),
      ),
    showView: (open: OpenView, viewer: Person) =>
      box(
        `Form, as ${workspace.users.get(viewer.id)?.realName} sees it${zone(viewer)}`,
        viewLines(workspace, open.view, viewer.id),
      ),
    rolesLeft: async (): Promise<string[]> =>
      (
        await query(postgres.url('postgres'), ["SELECT rolname FROM pg_roles WHERE rolname LIKE 'jit\\_%'"])
      )[0]?.rows.map((row: { rolname: string }) => row.rolname) ?? [],
  };
}

const heading = (text: string) => say(`\n${bold(`━━ ${text}`)}`);

function observed(what: string, isSo: boolean): void {
  if (!isSo) throw new Error(`not observed: ${what}`);
  say(`  \x1b[32m✓\x1b[0m ${what}`);
}

const canRead = (url: string): Promise<boolean> =>
  query(url, ['SELECT * FROM payments']).then(
    (results) => results[0]?.rowCount === 3,
    () => false,
  );

/** @returns the address with the password that only Ana was shown */
async function onCallAtOnce({ ana, slack, workspace, show, showView }: Scene): Promise<string> {
  heading('Ana is paged. She is on call, so the policy says yes at once.');
  const form = await ana.fillRequest({
    search: 'pay read',
    role: 'payments-db/read',
    reason: 'Checkout is slow, looking for stuck payments',
  });
  showView(form, ana);
  const answered = await ana.submit(form);
  if (answered) showView(answered, ana);
  const granted = await ana.readsDirect('You have Payments database (read)');
  show('Direct message', granted, ana);
  observed(
    'the answer says why and until when',
    JSON.stringify(granted.blocks).includes('on call at level 1 for Payments'),
  );

  await ana.click(granted, 'grant_credential');
  const secretView = await ana.sees('Shown once');
  const address = /postgres(?:ql)?:\/\/[^"\\]+/.exec(JSON.stringify(secretView.view))?.[0] ?? '';
  slack.people.close(secretView);
  observed('Ana logs in with the password that only she was shown, and reads the table', await canRead(address));
  observed('the password is in no message', !JSON.stringify(workspace.messages).includes(new URL(address).password));
  return address;
}

async function decidedInTheThread({ ben, chloe, slack, workspace, show, showView }: Scene): Promise<void> {
  heading('Ben is not on call. He is asked for a reason, and Chloé decides in the thread.');
  const bensForm = await ben.fillRequest({ search: 'payments', role: 'payments-db/read' });
  showView(bensForm, ben);
  await ben.submit(bensForm);
  observed('without a reason the form is not sent', Object.keys(bensForm.errors).length === 1);
  await slack.people.enter('U0BEN', bensForm, 'request_reason', 'Customer 4411 was charged twice <!channel> *please*');
  await ben.submit(bensForm);
  const card = await chloe.readsIn('C0ACCESS', 'asks for Payments database (read)');
  show('#access-requests', card, chloe);
  observed('the card has who, the reason and the buttons', JSON.stringify(card.blocks).includes('review_approve'));
  await ben.click(card, 'review_approve');
  const refused = await ben.readsIn('C0ACCESS', 'cannot review your own request');
  show('Only Ben sees', refused, ben);
  await chloe.click(card, 'review_approve');
  const bensGrant = await ben.readsDirect('You have Payments database (read)');
  show('Direct message', bensGrant, ben);
  await until(workspace, 'the card says that access is active', () =>
    messageLines(workspace, card, 'U0CHLOE').join(' ').includes('Access is active'),
  );
  observed('the card shows the present state', true);
}

async function deniedByTheRules({ ben, showView }: Scene): Promise<void> {
  heading('Ben also wants to edit feature flags. No rule lets him.');
  const denied = await ben.submit(
    await ben.fillRequest({ search: 'flags', role: 'feature-flags/edit', reason: 'Trying something' }),
  );
  if (denied) showView(denied, ben);
  const denial = await ben.readsDirect('was denied');
  observed('the answer names what was missing', JSON.stringify(denial.blocks).includes('not on call'));
}

/** @returns the message that says so */
async function endedByItself({ ana, ben, clock, show, rolesLeft }: Scene, address: string): Promise<Message> {
  heading('An hour passes. Access ends by itself.');
  clock.jump(61 * MINUTE);
  const ended = await ana.readsDirect('has ended');
  show('Direct message', ended, ana);
  await ben.readsDirect('has ended');
  observed("Ana's login is refused", !(await canRead(address)));
  observed('no login of the bot is left in PostgreSQL', (await rolesLeft()).length === 0);
  return ended;
}

async function killedInTheMiddle(
  { ana, sandbox, clock, show, rolesLeft }: Scene,
  { bot }: Pick<RunningSandbox, 'bot'>,
  ended: Message,
): Promise<void> {
  heading('The bot is killed in the middle of a grant: the login is made, and nobody was told.');
  const held = sandbox.proxy.holdAnswerAfter('CREATE ROLE');
  const again = await ana.fillRequest({
    search: 'pay read',
    role: 'payments-db/read',
    reason: 'Still slow',
    minutes: 15,
  });
  await ana.submit(again);
  await held;
  await bot.kill();
  observed('the login stands in PostgreSQL while the bot is dead', (await rolesLeft()).length === 1);
  say('  Twenty minutes pass: the fifteen that were asked for are over. Then the bot is started again.');
  clock.jump(20 * MINUTE);
  await bot.start();
  const failed = await ana.readsDirect('could not be set up', ended.ts);
  show('Direct message', failed, ana);
  observed('after the restart nothing is left', (await rolesLeft()).length === 0);
}

async function auditorLooks({ sandbox, workspace, eve, show }: Scene): Promise<void> {
  heading('The auditor looks.');
  const verification = await promisify(execFile)(process.execPath, [
    CLI,
    'ledger',
    'verify',
    sandbox.env.JIT_DATABASE ?? '',
  ]);
  say(`  $ jitbot ledger verify\n  ${verification.stdout.trim().replaceAll('\n', '\n  ')}`);
  const count = Number(/(\d+) events/.exec(verification.stdout)?.[1] ?? 0);
  observed('the ledger verifies', count > 0);
  const shown = await until(workspace, `the audit channel shows all ${count} events`, () => {
    const numbers = auditNumbers(workspace.visible('C0AUDIT', 'U0EVE'));
    return numbers.length >= count ? numbers : null;
  });
  const last = workspace.visible('C0AUDIT', 'U0EVE').at(-1);
  if (last) show('#access-audit (the last message)', last, eve);
  observed(
    `the audit channel shows every event once, in order: 1 to ${count}`,
    shown.every((seq, index) => seq === index + 1) && shown.length === count,
  );
}

const auditNumbers = (messages: readonly Message[]): number[] =>
  messages.flatMap((message) => {
    const { from, to } = (message.metadata?.event_payload ?? {}) as { from?: number; to?: number };
    return from && to ? Array.from({ length: to - from + 1 }, (_, index) => from + index) : [];
  });
