import type { SlackSandbox } from './slack/server.ts';
import type { Message, OpenView } from './slack/workspace.ts';
import { until } from './until.ts';

/** One person at their Slack, doing whole steps: ask for a role, click in a thread, read what came. */
export interface Person {
  readonly id: string;
  /** Opens the form with /jit and fills it in, without sending it. Resolves when the preview has come. */
  fillRequest(asked: {
    search: string;
    role: string;
    reason?: string;
    minutes?: number;
    incident?: string;
    /** With what stands under "More options". */
    unfold?: boolean;
  }): Promise<OpenView>;
  /** Types `/jit …` in #general. */
  jit(text: string): Promise<void>;
  /** Waits for an answer to a command that only this person sees. */
  told(text: string, after?: string): Promise<Message>;
  /** Opens the bot's Home and waits until it holds this text. */
  home(text: string): Promise<OpenView>;
  /** Sends a form and waits for what it turns into; null: it closed. */
  submit(open: OpenView): Promise<OpenView | null>;
  /** Waits for a direct message that holds this text. */
  readsDirect(text: string, after?: string): Promise<Message>;
  readsIn(channel: string, text: string, after?: string): Promise<Message>;
  click(message: Message, actionId: string): Promise<void>;
  /** Waits for a view on this person's screen that holds this text. */
  sees(text: string): Promise<OpenView>;
}

export function personAt(slack: SlackSandbox, id: string): Person {
  const { workspace, people } = slack;
  const find = (channel: string, text: string, after: string) =>
    workspace
      .visible(channel, id)
      .findLast((message) => message.ts > after && (says(message.blocks, text) || says(message.text, text)));

  const sees = (text: string) =>
    until(workspace, `${id} sees a view with "${text}"`, () => {
      const top = people.topView(id);
      return top && says(top.view, text) ? top : null;
    });

  return {
    id,
    sees,
    fillRequest: (asked) => fillRequest(slack, id, asked),
    jit: (text) => people.command(id, '/jit', text, 'C0GENERAL'),
    told: (text, after = '') => until(workspace, `${id} is told "${text}"`, () => find('C0GENERAL', text, after)),
    home: async (text) => {
      await people.openHome(id);
      return until(workspace, `${id} sees "${text}" on the Home`, () => {
        const home = workspace.homes.get(id);
        return home && says(home.view, text) ? home : null;
      });
    },
    submit: async (open) => {
      await people.submit(id, open);
      return until(workspace, `${id} sees what the form turns into`, () => {
        const now = workspace.views.get(open.id);
        if (!now) return { view: null };
        return says(now.view, 'Checking PagerDuty') ? null : { view: now };
      }).then(({ view }) => view);
    },
    readsDirect: (text, after = '') =>
      until(workspace, `${id} gets "${text}"`, () => find(workspace.directChannel(id).id, text, after)),
    readsIn: (channel, text, after = '') =>
      until(workspace, `${id} reads "${text}" in ${channel}`, () => find(channel, text, after)),
    click: (message, actionId) => people.click(id, message, actionId),
  };
}

const says = (value: unknown, text: string): boolean =>
  JSON.stringify(value).replaceAll('\u00a0', ' ').includes(JSON.stringify(text).slice(1, -1));

const PREVIEWS = [
  'Automatic',
  'Break-glass',
  'Needs ',
  'Would be denied',
  'already',
  'cannot',
  'can’t',
  'froze all access',
];

async function fillRequest(
  { workspace, people }: SlackSandbox,
  id: string,
  { search, role, reason, minutes, incident, unfold = false }: Parameters<Person['fillRequest']>[0],
): Promise<OpenView> {
  const previewed = (open: OpenView) =>
    until(
      workspace,
      `${id} sees the preview`,
      () => PREVIEWS.some((text) => says(open.view, text)) && !says(open.view, 'Checking the policy'),
    );
  for (let top = people.topView(id); top; top = people.topView(id)) people.close(top);
  await people.command(id, '/jit', '', 'C0GENERAL');
  const opened = await until(workspace, `${id} sees the form`, () => {
    const top = people.topView(id);
    return top && !says(top.view, 'Asking PagerDuty') ? top : null;
  });
  const options = await people.suggestions(id, opened, 'request_role', search);
  const wanted = options.find((option) => option.value === role);
  if (!wanted) throw new Error(`"${search}" did not offer ${role}`);
  await people.enter(id, opened, 'request_role', wanted);
  await previewed(opened);
  if (minutes !== undefined) {
    await people.enter(id, opened, 'request_duration', String(minutes * 60_000));
    await previewed(opened);
  }
  if (incident !== undefined) {
    await people.enter(id, opened, 'request_incident', incident);
    await previewed(opened);
  }
  if (unfold) {
    await people.clickIn(id, opened, 'request_options');
    await until(workspace, `${id} sees more options`, () => says(opened.view, 'request_start'));
    await previewed(opened);
  }
  if (reason !== undefined) await people.enter(id, opened, 'request_reason', reason);
  return opened;
}
