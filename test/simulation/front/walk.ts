/** People who use whatever is on their screen: buttons of messages, forms and Home, and commands that they type. */

import { HOUR, type Instant, MINUTE, SECOND } from '../../../src/domain/terms.ts';
import { requiredAndEmpty } from '../../../src/sandbox/slack/people/inputs.ts';
import type { Entered, Option, People } from '../../../src/sandbox/slack/people/people.ts';
import { type Message, type OpenView, statefulElements } from '../../../src/sandbox/slack/workspace.ts';
import type { Chance } from '../chance.ts';
import type { Outside } from '../outside.ts';
import type { Act } from '../people.ts';

interface Parts {
  readonly people: People;
  readonly outside: Outside;
  readonly chance: Chance;
  readonly sense: number;
  readonly now: () => Instant;
}

const COLLEAGUES = ['U0ANA', 'U0BEN', 'U0CHLOE', 'U0DEV', 'U0EVE'];
const REVIEWERS = ['U0CHLOE', 'U0EVE', 'U0CHLOE', 'U0EVE', 'U0BEN'];
const EVERYBODY = [...COLLEAGUES, 'U0FARID', 'U0GRACE', 'U0HUGO'];
const REASON = 'Checkout is slow for everybody';
const TYPED = [REASON, '<!channel> *now* `x`', '\u202eevil 💥', 'x'.repeat(900), '  '];
const COMMANDS: readonly (readonly [number, string])[] = [
  [8, ''],
  [8, `request db read 30m ${REASON}`],
  [4, `request db read 1h ${REASON} PINC4711`],
  [6, `request db admin 30m ${REASON}`],
  [6, `request web edit 15m ${REASON}`],
  [4, `request web view 30m ${REASON}`],
  [4, `request team lead 15m ${REASON}`],
  [4, `request team member 30m ${REASON}`],
  [4, 'list'],
  [4, 'extend'],
  [3, 'extend db 30m'],
  [3, 'revoke'],
  [3, 'revoke db'],
  [3, 'cancel'],
  [2, 'oncall'],
  [3, 'why'],
  [4, `break-glass db admin 15m ${REASON}`],
  [2, 'away'],
  [2, 'back'],
  [1, 'second-factor'],
  [2, 'audit ana'],
  [1, 'access-review'],
  [5, 'admin'],
  [0.5, 'admin freeze something is badly wrong'],
  [1, 'nonsense'],
];
/** Who looks at a target and says that access is gone would lie here. */
const LEFT_ALONE = ['admin_gone', 'open_incident', 'open_card'];
/** How much more often than anything else somebody presses it: most want to get on with their work. */
const WANTED: Readonly<Record<string, number>> = {
  review_approve: 12,
  grant_extend: 6,
  use_justified: 12,
  use_unjustified: 4,
  grant_credential: 2,
  request_cancel: 0.3,
  admin_unfreeze: 20,
  admin_freeze: 0.3,
};
/** What is on a screen long ago nobody scrolls up to. */
const RECENT = 40;

interface Pressed {
  readonly action: string;
  readonly value: string | undefined;
}

export function createWalk(parts: Parts): () => Act {
  const { people, outside, chance, sense } = parts;
  const { workspace } = outside;

  /** Slack takes nothing more from a form that was sent, until it is answered. */
  const sent = new Set<OpenView>();
  const wanted = (buttons: readonly Pressed[]): Pressed =>
    chance.weighted(buttons.map((button) => [WANTED[button.action] ?? 1, button] as const));

  return () => {
    const open = [...workspace.views.values()].filter((view) => !sent.has(view));
    const messages = workspace.messages.slice(-RECENT).filter((message) => pressable(message.blocks).length > 0);
    return chance.weighted<() => Act>([
      [open.length > 0 ? 60 : 0, () => usesForm(chance.pick(open))],
      [messages.length > 0 ? 50 : 0, () => presses(chance.pick(messages))],
      [24, types],
      [8, looksAtHome],
      [sense < 0.9 ? 3 : 0, imitates],
    ])();
  };

  function types(): Act {
    const who = chance.pick(chance.happens(sense) ? COLLEAGUES : EVERYBODY);
    const text = chance.weighted(COMMANDS);
    return { name: `${who} types /jit ${text}`, work: () => people.command(who, '/jit', text, 'C0ACCESS') };
  }

  function presses(message: Message): Act {
    const { action, value } = wanted(pressable(message.blocks));
    const reader = message.ephemeralTo ?? workspace.channels.get(message.channel)?.directWith;
    const who = reader ?? chance.pick(chance.happens(sense) ? REVIEWERS : COLLEAGUES);
    return {
      name: `${who} presses ${action} ${value}`,
      work: async () => {
        // It may have been changed since.
        if (pressable(message.blocks).some((one) => one.action === action && one.value === value))
          await people.click(who, message, action, value);
      },
    };
  }

  function looksAtHome(): Act {
    const who = chance.pick(COLLEAGUES);
    const home = workspace.homes.get(who);
    const buttons = home ? pressable(home.view.blocks) : [];
    if (!home || buttons.length === 0 || chance.happens(0.4))
      return { name: `${who} opens Home`, work: () => people.openHome(who) };
    const { action, value } = wanted(buttons);
    return { name: `${who} presses ${action} ${value} on Home`, work: () => people.clickIn(who, home, action, value) };
  }

  /** A person posts what looks like the bot's. */
  function imitates(): Act {
    const message = workspace.messages.findLast(({ app }) => app !== null);
    return {
      name: 'U0EVE imitates a message',
      work: async () => {
        if (!message) return;
        const { channel, text, blocks, metadata, threadTs } = message;
        workspace.post({ channel, text, blocks, metadata, threadTs, user: 'U0EVE', ephemeralTo: null });
      },
    };
  }

  function usesForm(view: OpenView): Act {
    const who = view.user;
    const buttons = pressable(view.view.blocks);
    const canSubmit = 'submit' in view.view && view.view.submit !== undefined;
    return chance.weighted<() => Act>([
      [canSubmit ? 80 : 0, () => ({ name: `${who} fills in ${callbackOf(view)}`, work: () => fillIn(who, view) })],
      [
        buttons.length > 0 ? 30 : 0,
        () => {
          const { action, value } = wanted(buttons);
          return {
            name: `${who} presses ${action} ${value} in a form`,
            work: () => people.clickIn(who, view, action, value),
          };
        },
      ],
      [6, () => ({ name: `${who} closes a form`, work: async () => people.close(view) })],
    ])();
  }

  async function fillIn(who: string, view: OpenView): Promise<void> {
    const isThere = () => workspace.views.has(view.id);
    for (const { element } of statefulElements(view.view)) {
      const action = element.action_id ?? '';
      const stands = () => isThere() && statefulElements(view.view).some((one) => one.element.action_id === action);
      if (!stands() || (isFilled(view, action) && chance.happens(0.7))) continue;
      const value = await chosen(who, view, element);
      if (value !== null && stands()) await people.enter(who, view, action, value);
    }
    if (!isThere() || sent.has(view) || requiredAndEmpty(view).length > 0) return;
    sent.add(view);
    await people.submit(who, view).finally(() => sent.delete(view));
  }

  async function chosen(
    who: string,
    view: OpenView,
    element: { readonly type: string; readonly action_id?: string | undefined } & Record<string, unknown>,
  ): Promise<Entered> {
    const { type, action_id: action = '' } = element;
    switch (type) {
      case 'plain_text_input':
        return chance.happens(sense) ? REASON : chance.pick(TYPED);
      case 'static_select':
        return chance.pick(optionsOf(element));
      case 'external_select':
      case 'multi_external_select': {
        const offered = await people.suggestions(who, view, action, chance.pick(['', 'd', 'web', 'team']));
        if (offered.length === 0) return null;
        const one = chance.pick(offered);
        return type === 'external_select' ? one : [one];
      }
      case 'users_select':
        return chance.pick(EVERYBODY);
      case 'datetimepicker':
        return String(Math.floor((parts.now() + chance.pick([10 * MINUTE, 30 * MINUTE, HOUR])) / SECOND));
      default:
        return null;
    }
  }
}

const callbackOf = ({ view }: OpenView): string => ('callback_id' in view ? String(view.callback_id) : 'a form');

const isFilled = ({ values }: OpenView, action: string): boolean =>
  Object.values(values).some((block) => {
    const { type: _type, ...rest } = block[action] ?? { type: '' };
    return Object.values(rest).some((value) => value !== null && !(Array.isArray(value) && value.length === 0));
  });

const optionsOf = (element: Readonly<Record<string, unknown>>): Option[] =>
  'options' in element && Array.isArray(element.options)
    ? element.options
    : ((element.option_groups ?? []) as { options: Option[] }[]).flatMap(({ options }) => options);

/** What can be pressed in a message or a view. */
function pressable(blocks: readonly unknown[]): Pressed[] {
  const found: Pressed[] = [];
  const read = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    if ('type' in value && value.type === 'button' && 'action_id' in value && !('url' in value)) {
      const action = String(value.action_id);
      const about = 'value' in value && typeof value.value === 'string' ? value.value : undefined;
      if (!LEFT_ALONE.includes(action)) found.push({ action, value: about });
      return;
    }
    for (const part of Object.values(value)) read(part);
  };
  for (const block of blocks) read(block);
  return found;
}
