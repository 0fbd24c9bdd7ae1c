/** What the page can ask for: what a person does in Slack, and what the world around the bot does. */

import { z } from 'zod';
import type { Schedule } from '../pagerduty/account.ts';
import type { RunningSandbox } from '../run.ts';
import { NoAnswerError } from '../slack/delivery.ts';
import type { Message, OpenView } from '../slack/workspace.ts';
import { isReadOnlyHome } from './snapshot.ts';

const id = z.string().min(1).max(100);
const option = z.object({ text: z.object({ type: z.string(), text: z.string() }), value: z.string() });

const actSchema = z.discriminatedUnion('do', [
  z.object({ do: z.literal('say'), user: id, channel: id, text: z.string().min(1).max(4000), thread: id.nullish() }),
  z.object({
    do: z.literal('act'),
    user: id,
    message: z.object({ channel: id, ts: id }).nullish(),
    view: id.nullish(),
    block: z.string(),
    action: z.record(z.string(), z.unknown()),
  }),
  z.object({
    do: z.literal('enter'),
    user: id,
    view: id,
    action: id,
    value: z.union([z.string(), option, z.array(option), z.null()]),
  }),
  z.object({ do: z.literal('suggest'), user: id, view: id, action: id, typed: z.string() }),
  z.object({ do: z.literal('submit'), user: id, view: id }),
  z.object({ do: z.literal('close'), user: id, view: id }),
  z.object({ do: z.literal('home'), user: id }),
  z.object({ do: z.literal('shortcut'), user: id, callback: id, message: z.object({ channel: id, ts: id }).nullish() }),
  z.object({ do: z.literal('swap'), schedule: id, user: id, hours: z.number().positive().max(168) }),
  z.object({ do: z.literal('incident'), incident: id, status: z.enum(['triggered', 'acknowledged', 'resolved']) }),
  z.object({ do: z.literal('openIncident'), title: z.string().min(1).max(200), service: id, user: id }),
  z.object({
    do: z.literal('jump'),
    minutes: z
      .number()
      .positive()
      .max(60 * 24 * 30),
  }),
  z.object({
    do: z.literal('fault'),
    service: z.enum(['slack', 'pagerDuty']),
    kind: z.enum(['slow', 'hangs', 'rate_limited', 'error_500', 'html', 'dropped']),
  }),
  z.object({ do: z.literal('mend'), service: z.enum(['slack', 'pagerDuty']) }),
  z.object({ do: z.literal('deactivate'), user: id }),
  z.object({ do: z.literal('rename'), user: id, name: z.string().min(1).max(80), email: z.email().max(200) }),
  z.object({ do: z.literal('delete'), message: z.object({ channel: id, ts: id }) }),
  z.object({ do: z.literal('stepIn'), schedule: id, user: id, hours: z.number().positive().max(168) }),
  z.object({ do: z.literal('lock'), seconds: z.number().positive().max(600) }),
  z.object({ do: z.literal('unlock') }),
  z.object({ do: z.literal('disconnect') }),
  z.object({ do: z.literal('kill') }),
  z.object({ do: z.literal('start') }),
]);

/** @throws an error with a sentence for the page where it cannot be done */
export async function carryOut(running: RunningSandbox, asked: unknown): Promise<unknown> {
  const act = actSchema.parse(asked);
  const { sandbox, clock, bot, lock } = running;
  const { workspace, people, link } = sandbox.slack;
  const { account } = sandbox.pagerDuty;
  const view = (viewId: string): OpenView =>
    found(
      workspace.views.get(viewId) ?? [...workspace.homes.values()].find((home) => home.id === viewId),
      'this form is closed',
    );
  const message = (where: { channel: string; ts: string }): Message =>
    found(
      workspace.messages.find((one) => one.channel === where.channel && one.ts === where.ts),
      'this message is gone',
    );

  const schedule = (scheduleId: string): Schedule =>
    found(
      account.schedules.find((one) => one.id === scheduleId),
      'no such schedule',
    );
  const shift = ({ user, hours }: { user: string; hours: number }) => {
    const start = clock.now();
    return { user, start, end: start + hours * 3_600_000 };
  };

  switch (act.do) {
    case 'say': {
      if (isReadOnlyHome && workspace.channels.get(act.channel)?.directWith)
        throw new Error('Sending messages to this app has been turned off. Type /jit in a channel.');
      const [word = '', ...rest] = act.text.split(' ');
      if (word.startsWith('/')) return heard(people.command(act.user, word, rest.join(' '), act.channel));
      workspace.post({
        channel: act.channel,
        user: act.user,
        text: act.text,
        blocks: [],
        metadata: null,
        threadTs: act.thread ?? null,
        ephemeralTo: null,
      });
      return null;
    }
    case 'act': {
      const where = act.view ? { view: view(act.view) } : { message: message(found(act.message, 'nothing was named')) };
      return heard(people.act(act.user, where, act.block, act.action));
    }
    case 'enter':
      return heard(people.enter(act.user, view(act.view), act.action, act.value));
    case 'suggest':
      return heard(people.suggestions(act.user, view(act.view), act.action, act.typed));
    case 'submit':
      return heard(people.submit(act.user, view(act.view)));
    case 'close':
      people.close(view(act.view));
      return null;
    case 'home':
      return heard(people.openHome(act.user));
    case 'shortcut':
      return heard(people.shortcut(act.user, act.callback, act.message ? message(act.message) : null));
    case 'swap':
      schedule(act.schedule).overrides.push(shift(act));
      return null;
    case 'stepIn':
      found(schedule(act.schedule).customShifts, 'only shift-based schedules have custom shifts').push(shift(act));
      return null;
    case 'incident':
      await sandbox.pagerDuty.setStatus(act.incident, act.status);
      return null;
    case 'deactivate':
      return heard(people.deactivate(act.user));
    case 'rename':
      return heard(people.rename(act.user, { realName: act.name, email: act.email }));
    case 'delete':
      workspace.remove(message(act.message));
      return null;
    case 'lock':
      lock.hold(act.seconds * 1_000);
      return null;
    case 'unlock':
      lock.release();
      return null;
    case 'openIncident': {
      const number = Math.max(...account.incidents.map((one) => one.number)) + 1;
      account.incidents.push({
        id: `PINC${number}`,
        number,
        title: act.title,
        status: 'triggered',
        urgency: 'high',
        service: act.service,
        assignees: [act.user],
        createdAt: clock.now(),
        notes: [],
      });
      return null;
    }
    case 'jump':
      clock.jump(act.minutes * 60_000);
      return null;
    case 'fault':
      sandbox[act.service].faults.add({ kind: act.kind });
      return null;
    case 'mend':
      sandbox[act.service].faults.clear();
      return null;
    case 'disconnect':
      link.dropAll();
      return null;
    case 'kill':
      await bot.kill();
      return null;
    case 'start':
      if (!bot.running()) await bot.start();
      return null;
    default:
      throw new Error(`unknown act ${String(act satisfies never)}`);
  }
}

/** What Slack itself says when the app does not answer. */
async function heard<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof NoAnswerError)
      throw new Error('jit did not respond. It may be down, or not connected.', { cause: error });
    throw error;
  }
}

function found<T>(value: T | null | undefined, problem: string): T {
  if (value === null || value === undefined) throw new Error(problem);
  return value;
}
