import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Person, personAt } from './person.ts';
import { query } from './postgres.ts';
import { messageLines, viewLines } from './render.ts';
import { type RunningSandbox, runSandbox } from './run.ts';
import type { Message, OpenView } from './slack/workspace.ts';
import { until } from './until.ts';

/**
 * The whole story in the terminal. Every line with a check mark was observed: in Slack's messages, at the
 * database, in the ledger. The first thing that is not as it should be ends the tour with an error.
 */

const MINUTE = 60_000;
const CLI = fileURLToPath(new URL('../cli/jit.ts', import.meta.url));

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

async function story({ sandbox, bot, clock }: RunningSandbox): Promise<void> {
  const { slack, postgres } = sandbox;
  const { workspace } = slack;
  const [ana, ben, chloe] = ['U0ANA', 'U0BEN', 'U0CHLOE'].map((id) => personAt(slack, id)) as [Person, Person, Person];

  const heading = (text: string) => say(`\n${bold(`━━ ${text}`)}`);
  const observed = (what: string, isSo: boolean) => {
    if (!isSo) throw new Error(`not observed: ${what}`);
    say(`  \x1b[32m✓\x1b[0m ${what}`);
  };
  const box = (title: string, lines: readonly string[]) => {
    say(`  ┌ ${bold(title)}`);
    for (const line of lines) say(`  │ ${line}`);
    say('  └');
  };
  const show = (where: string, message: Message, viewer: Person) =>
    box(
      `${where}, as ${workspace.users.get(viewer.id)?.realName} reads it`,
      messageLines(workspace, message, viewer.id),
    );
  const showView = (open: OpenView, viewer: Person) =>
    box(`Form, as ${workspace.users.get(viewer.id)?.realName} sees it`, viewLines(workspace, open.view, viewer.id));
  const rolesLeft = async () =>
    (await query(postgres.url('postgres'), ["SELECT rolname FROM pg_roles WHERE rolname LIKE 'jit\\_%'"]))[0]?.rows.map(
      (row: { rolname: string }) => row.rolname,
    ) ?? [];
  const canRead = (url: string) =>
    query(url, ['SELECT * FROM payments']).then(
      (results) => results[0]?.rowCount === 3,
      () => false,
    );

  heading('Ana is paged at night. She is on call, so the policy says yes at once.');
  const form = await ana.fillRequest({
    search: 'pay read',
    role: 'payments-db/read',
    reason: 'Checkout is slow, looking for stuck payments',
  });
  showView(form, ana);
  const answered = await ana.submit(form);
  if (answered) showView(answered, ana);
  const granted = await ana.readsDirect('You have Payments database: read');
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

  heading('Ben is not on call. He is asked for a reason, and Chloé decides in the thread.');
  const bensForm = await ben.fillRequest({ search: 'payments', role: 'payments-db/read' });
  showView(bensForm, ben);
  await ben.submit(bensForm);
  observed('without a reason the form is not sent', Object.keys(bensForm.errors).length === 1);
  await slack.people.enter('U0BEN', bensForm, 'request_reason', 'Customer 4411 was charged twice <!channel> *please*');
  await ben.submit(bensForm);
  const card = await chloe.readsIn('C0ACCESS', 'asks for Payments database: read');
  show('#access-requests', card, chloe);
  const prompt = await chloe.readsIn('C0ACCESS', 'Approve');
  show('Thread', prompt, chloe);
  observed('the buttons are in the thread of the card', prompt.threadTs === card.ts);
  await ben.click(prompt, 'review_approve');
  const refused = await ben.readsIn('C0ACCESS', 'cannot review your own request');
  show('Only Ben sees', refused, ben);
  await chloe.click(prompt, 'review_approve');
  const bensGrant = await ben.readsDirect('You have Payments database: read');
  show('Direct message', bensGrant, ben);
  await until(workspace, 'the card says that access is active', () =>
    messageLines(workspace, card, 'U0CHLOE').join(' ').includes('Access is active'),
  );
  observed('the card shows the present state', true);

  heading('Ben also wants to edit feature flags. No rule lets him.');
  const denied = await ben.submit(
    await ben.fillRequest({ search: 'flags', role: 'feature-flags/edit', reason: 'Trying something' }),
  );
  if (denied) showView(denied, ben);
  const denial = await ben.readsDirect('was denied');
  observed('the answer names what was missing', JSON.stringify(denial.blocks).includes('not on call'));

  heading('An hour passes. Access ends by itself.');
  clock.jump(61 * MINUTE);
  const ended = await ana.readsDirect('has ended');
  show('Direct message', ended, ana);
  await ben.readsDirect('has ended');
  observed("Ana's login is refused", !(await canRead(address)));
  observed('no login of the bot is left in PostgreSQL', (await rolesLeft()).length === 0);

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
  clock.jump(20 * MINUTE);
  await bot.start();
  const failed = await ana.readsDirect('could not be set up', ended.ts);
  show('Direct message', failed, ana);
  observed('after the restart nothing is left', (await rolesLeft()).length === 0);

  heading('The auditor looks.');
  const verification = await promisify(execFile)(process.execPath, [
    CLI,
    'ledger',
    'verify',
    sandbox.env.JIT_DATABASE ?? '',
  ]);
  say(`  $ jit ledger verify\n  ${verification.stdout.trim().replaceAll('\n', '\n  ')}`);
  const count = Number(/(\d+) events/.exec(verification.stdout)?.[1] ?? 0);
  observed('the ledger verifies', count > 0);
  const shown = await until(workspace, `the audit channel shows all ${count} events`, () => {
    const numbers = auditNumbers(workspace.visible('C0AUDIT', 'U0EVE'));
    return numbers.length >= count ? numbers : null;
  });
  const eve = personAt(slack, 'U0EVE');
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
