/** Whoever clicks or sends a form gets an answer: at once, later in its place, or another way. */

import type { BlockAction, RespondFn } from '@slack/bolt';
import type { ModalView } from '@slack/types';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SECOND } from '../../src/domain/terms.ts';
import { section } from '../../src/slack/kit/blocks.ts';
import { clickedValue, ONE_MOMENT, tellClicker, tellPrivately } from '../../src/slack/kit/clickAnswers.ts';
import { drawn } from '../../src/slack/kit/drawn.ts';
import {
  answerForm,
  errorsOn,
  type FormAnswer,
  messageModal,
  openingOf,
  openView,
  openWhenKnown,
  show,
} from '../../src/slack/kit/forms.ts';
import { NotOpenedError } from '../../src/slack/kit/notOpened.ts';
import { updateView } from '../../src/slack/kit/openViews.ts';
import { ERRORS } from '../../src/wording/errors.ts';
import { aPolicy } from '../support/domain.ts';
import { type Flow, startFlow } from '../support/flow.ts';
import { failing, refusedBySlack, SaidClient } from '../support/slackClient.ts';
import { noWindows } from '../support/windows.ts';

let flow: Flow;
let client: SaidClient;
let acked: object[];
let responded: object[];
let homes: (string | undefined)[][];
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  flow = startFlow(aPolicy());
  client = new SaidClient();
  acked = [];
  responded = [];
  homes = [];
  client.says('views.open', { view: { id: 'V1', hash: 'H1' } });
  client.says('views.update', {});
  client.says('chat.postMessage', { ts: '1.0' });
  client.says('chat.postEphemeral', {});
});
afterEach(() => {
  vi.useRealTimers();
  flow.close();
});

const context = () => ({
  client,
  deps: flow.deps,
  windows: noWindows,
  showHome: async (...said: (string | undefined)[]) => void homes.push(said),
});
const methods = () => client.sent.map(({ method }) => method);
const shown = (view: unknown) => JSON.stringify(view);
const turns = async () => {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};
const wait = async (ms: number) => {
  await vi.advanceTimersByTimeAsync(ms);
  await turns();
};
const modal = (text: string, submit = false): ModalView => ({
  ...messageModal('Ask', [section(text)]),
  ...(submit && { submit: { type: 'plain_text', text: 'Send' } }),
});

describe('a submitted form', () => {
  const answer = (work: () => Promise<FormAnswer>, more: { typed?: string } = {}) =>
    answerForm(
      context(),
      {
        ack: async (said?: object) => void acked.push(said ?? {}),
        body: { user: { id: 'U0ANA' } },
        view: { id: 'V1', title: { text: 'Ask' }, blocks: [{ type: 'input', block_id: 'reason' }] },
      },
      { failed: 'nothing was granted', ...more },
      work,
    );
  /** Work that is done after so long. */
  const doneAfter = (ms: number, said: FormAnswer | Error) => () =>
    new Promise<FormAnswer>((resolve, reject) =>
      setTimeout(() => (said instanceof Error ? reject(said) : resolve(said)), ms),
    );

  test.each<[string, FormAnswer, object]>([
    ['closes', { done: 'asked' }, {}],
    [
      'says what is wrong with it',
      { errors: { reason: 'too short' } },
      { response_action: 'errors', errors: { reason: 'too short' } },
    ],
    ['shows another', { view: modal('next') }, { response_action: 'update', view: modal('next') }],
  ])('%s if the work is quick', async (_name, said, expected) => {
    await answer(async () => said);
    expect(acked).toEqual([expected]);
    await wait(5 * SECOND);
    expect([acked.length, client.sent]).toEqual([1, []]);
  });

  test('shows a problem of a missing field on its first one, beside that one’s own', async () => {
    await answer(async () => ({ errors: { role: 'no such role', reason: 'too short' } }));
    expect(acked).toEqual([{ response_action: 'errors', errors: { reason: 'no such role too short' } }]);
  });

  test('without any field shows the problem in its place', () => {
    const view = { title: { text: 'Ask' }, blocks: [{ type: 'section', block_id: 'reason' }] };
    const said = errorsOn(view, Object.entries({ reason: 'too short', role: 'no such role' }));
    expect(said).toMatchObject({ response_action: 'update', view: { title: { text: 'Ask' } } });
    expect(shown(said)).toContain('too short\\nno such role');
  });

  test('is answered within a second, with the rest in its place', async () => {
    const done = answer(doneAfter(1_500, { done: 'asked for it' }));
    await wait(999);
    expect(acked).toEqual([]);
    await wait(1);
    expect(acked).toMatchObject([{ response_action: 'update', view: { title: { text: 'Ask' } } }]);
    expect(shown(acked)).toContain('One moment');
    expect(client.sent).toEqual([]);
    await wait(500);
    await done;
    expect(acked).toHaveLength(1);
    expect(client.sent).toMatchObject([{ method: 'views.update', asked: { view_id: 'V1' } }]);
    expect(shown(client.sent)).toContain('asked for it');
  });

  test.each<[string, FormAnswer, string[]]>([
    ['a view', { view: modal('next') }, ['next']],
    [
      'errors',
      { errors: { reason: 'too short', role: 'no such role' } },
      ['too short\\nno such role', 'You wrote:', 'because'],
    ],
    ['that it is done', { done: 'asked for it' }, ['asked for it']],
  ])('that is late with %s shows it', async (_name, said, texts) => {
    const done = answer(doneAfter(1_500, said), { typed: 'because' });
    await wait(2_000);
    await done;
    for (const text of texts) expect(shown(client.sent)).toContain(text);
    if (!('errors' in said)) expect(shown(client.sent)).not.toContain('You wrote');
  });

  test('keeps what was typed if the work failed, early or late, and says why', async () => {
    await answer(() => Promise.reject(new Error('down')), { typed: 'because' });
    for (const text of ['nothing was granted', 'You wrote:', 'because']) expect(shown(acked)).toContain(text);
    expect(flow.log.lines).toMatchObject([{ level: 'error', facts: { personId: 'U0ANA' } }]);
    const done = answer(doneAfter(1_500, new Error('down')));
    await wait(2_000);
    await done;
    expect(shown(client.sent)).toContain('nothing was granted');
    expect(shown(client.sent)).not.toContain('You wrote');
  });

  test('that was closed meanwhile is answered in a private message', async () => {
    client.says('views.update', failing(refusedBySlack('not_found')));
    const done = answer(doneAfter(1_500, { done: 'asked for it' }));
    await wait(2_000);
    await done;
    expect(client.sent[1]).toMatchObject({ method: 'chat.postMessage', asked: { channel: 'U0ANA', text: 'Ask' } });
    expect(shown(client.sent[1])).toContain('asked for it');
  });

  test('that needs more input is not answered in a message', async () => {
    client.says('views.update', failing(refusedBySlack('not_found')));
    await show(context(), { viewId: 'V1', personId: 'U0ANA' }, modal('type a code', true));
    expect(methods()).toEqual(['views.update']);
    client.says('views.update', {});
    await show(context(), { viewId: 'V1', personId: 'U0ANA' }, modal('said'));
    expect(methods()).toEqual(['views.update', 'views.update']);
  });
});

describe('an opened form', () => {
  test('lies over the form that it was opened from, which stays', async () => {
    client.says('views.push', { view: { id: 'V2', hash: 'H2' } });
    const clickedIn = (type: string) => openingOf(JSON.parse(JSON.stringify({ trigger_id: 'T1', view: { type } })));
    for (const type of ['modal', 'home']) await openView(context(), clickedIn(type), modal('next'));
    expect(methods()).toEqual(['views.push', 'views.open']);
  });

  test('is known by its id and its state', async () => {
    expect(await openView({ client }, 'T1', modal('x'))).toEqual({ id: 'V1', hash: 'H1' });
    expect(client.sent).toEqual([{ method: 'views.open', asked: { trigger_id: 'T1', view: modal('x') } }]);
  });

  test.each<[string, object | (() => object)]>([
    ['refused', failing(refusedBySlack('expired_trigger_id'))],
    ['not named', {}],
    ['named by nothing', { view: {} }],
  ])('and is %s was not opened', async (_name, said) => {
    client.says('views.open', said);
    await expect(openView({ client }, 'T1', modal('x'))).rejects.toThrow(NotOpenedError);
  });

  test('says that it is on its way, and is filled when its content is known', async () => {
    const known = Promise.withResolvers<ModalView>();
    const opening = openWhenKnown(context(), { triggerId: 'T1', personId: 'U0ANA', title: 'Ask' }, () => known.promise);
    await turns();
    expect(methods()).toEqual(['views.open']);
    expect(shown(client.sent)).toContain('One moment');
    known.resolve(modal('what is known'));
    await opening;
    expect(client.sent[1]).toEqual({ method: 'views.update', asked: { view_id: 'V1', view: modal('what is known') } });
  });

  test('is only changed if it is unchanged, where that is asked for', async () => {
    expect(await updateView(context(), 'V1', modal('x'), 'H1')).toBe(true);
    expect(await updateView(context(), 'V1', modal('x'))).toBe(true);
    expect(client.sent.map(({ asked }) => asked.hash)).toEqual(['H1', undefined]);
    expect(await updateView(context(), undefined, modal('x'))).toBe(false);
    client.says('views.update', failing(refusedBySlack('hash_conflict')));
    expect(await updateView(context(), 'V1', modal('x'), 'H0')).toBe(false);
    expect(client.sent).toHaveLength(3);
  });
});

describe('a click', () => {
  const click = (change: object = {}): BlockAction =>
    JSON.parse(
      JSON.stringify({
        type: 'block_actions',
        user: { id: 'U0ANA' },
        channel: { id: 'C0ACCESS' },
        container: {},
        actions: [{ type: 'button', value: 'R1' }],
        ...change,
      }),
    );
  const respond: RespondFn = async (said) => {
    responded.push(Object(said));
    return new Response();
  };
  const tell = (work: () => Promise<string | null>, change: object = {}, ...failed: string[]) =>
    tellClicker(context(), { body: click(change), respond }, work, ...failed);

  test.each<[string, unknown, string]>([
    ['of a button', [{ type: 'button', value: 'R1' }], 'R1'],
    [
      'of the first of two',
      [
        { type: 'button', value: 'R1' },
        { type: 'button', value: 'R2' },
      ],
      'R1',
    ],
    ['of a menu', [{ type: 'static_select', value: 'R1' }], ''],
    ['of a button without a value', [{ type: 'button' }], ''],
    ['of a button with another value', [{ type: 'button', value: 7 }], ''],
    ['of nothing', [], ''],
  ])('%s has the value %#', (_name, actions, value) => {
    expect(clickedValue(click({ actions }))).toBe(value);
  });

  test('is answered to the person who clicked alone, where they clicked', async () => {
    await tell(async () => 'Done.');
    expect(client.sent).toMatchObject([
      { method: 'chat.postEphemeral', asked: { channel: 'C0ACCESS', user: 'U0ANA', text: 'Done.' } },
    ]);
    expect(client.sent[0]?.asked).not.toHaveProperty('thread_ts');
    expect([responded, homes]).toEqual([[], []]);
  });

  test('in a thread is answered in that thread', async () => {
    await tell(async () => 'Done.', { message: { thread_ts: '5.0' } });
    expect(client.sent[0]?.asked).toMatchObject({ thread_ts: '5.0' });
  });

  test('is not answered if the messages that change say enough', async () => {
    await tell(async () => null);
    expect([client.sent, responded]).toEqual([[], []]);
  });

  test('on a message that only they see is answered there, and leaves it', async () => {
    await tell(async () => 'Done.', { container: { is_ephemeral: true } });
    expect(responded).toMatchObject([{ response_type: 'ephemeral', replace_original: false, text: 'Done.' }]);
    expect(client.sent).toEqual([]);
  });

  test('whose answer Slack does not accept is answered the other way', async () => {
    client.says('chat.postEphemeral', failing(refusedBySlack('not_in_channel')));
    await tell(async () => 'Done.');
    expect(responded).toMatchObject([{ response_type: 'ephemeral', replace_original: false, text: 'Done.' }]);
  });

  test('whose answer reaches nobody is in the log', async () => {
    client.says('chat.postEphemeral', failing(refusedBySlack('not_in_channel')));
    await tellClicker(
      context(),
      { body: click(), respond: () => Promise.reject(new Error('gone')) },
      async () => 'Done.',
    );
    expect(flow.log.lines.at(-1)).toMatchObject({ level: 'warn', message: 'the answer to a click could not be shown' });
  });

  test('outside of any channel is answered nowhere', async () => {
    await tell(async () => 'Done.', { channel: undefined });
    expect([client.sent, responded]).toEqual([[], []]);
  });

  test('on Home is answered there, also with nothing to say', async () => {
    await tell(async () => 'Done.', { view: { type: 'home' } });
    await tell(async () => null, { view: { type: 'home' } });
    expect(homes).toEqual([
      ['U0ANA', 'Done.'],
      ['U0ANA', undefined],
    ]);
    expect(client.sent).toEqual([]);
  });

  test.each([
    [true, []],
    [false, ['chat.postMessage']],
  ])('in a window that is open (%s) is answered there, otherwise privately', async (isOpen, expected) => {
    const said: string[][] = [];
    const say = async (...word: string[]) => said.push(word) > 0 && isOpen;
    const body = click({ view: { type: 'modal', id: 'V1' } });
    await tellClicker({ ...context(), windows: { ...noWindows, say } }, { body, respond }, async () => 'Done.');
    expect(said).toEqual([['V1', 'Done.']]);
    expect(methods()).toEqual(expected);
  });

  test('on a Home that Slack does not accept is in the log', async () => {
    await tellClicker(
      { ...context(), showHome: () => Promise.reject(new Error('gone')) },
      { body: click({ view: { type: 'home' } }), respond },
      async () => 'Done.',
    );
    expect(flow.log.lines).toMatchObject([{ level: 'warn', message: 'the answer to a click could not be shown' }]);
  });

  test('that fails is answered with the reason', async () => {
    await tell(() => Promise.reject(new Error('down')));
    await tell(() => Promise.reject(new Error('down')), {}, 'the access is still there');
    await tell(() => Promise.reject(new NotOpenedError('no form')), {}, 'the access is still there');
    expect(client.sent.map(({ asked }) => asked.text)).toEqual([
      drawn(ERRORS.notChanged),
      'the access is still there',
      drawn(ERRORS.notOpened),
    ]);
    expect(flow.log.lines).toHaveLength(3);
  });

  test('that takes long is told so after two seconds, once', async () => {
    const slow = Promise.withResolvers<string>();
    const telling = tell(() => slow.promise);
    await wait(1_999);
    expect(client.sent).toEqual([]);
    await wait(1);
    expect(client.sent.map(({ asked }) => asked.text)).toEqual([ONE_MOMENT]);
    slow.resolve('Done.');
    await telling;
    await wait(10 * SECOND);
    expect(client.sent.map(({ asked }) => asked.text)).toEqual([ONE_MOMENT, 'Done.']);
  });

  test('that is done in time is not told to wait', async () => {
    await tell(async () => 'Done.');
    await tell(() => Promise.reject(new Error('down')));
    await wait(10 * SECOND);
    expect(shown(client.sent)).not.toContain('One moment');
  });

  test('in a form is not told to wait in a channel', async () => {
    const slow = Promise.withResolvers<null>();
    const telling = tell(() => slow.promise, { view: { type: 'modal' } });
    await wait(5 * SECOND);
    expect(client.sent).toEqual([]);
    slow.resolve(null);
    await telling;
  });

  test('is answered even if the waiting message cannot be shown', async () => {
    client.says('chat.postEphemeral', failing(refusedBySlack('not_in_channel')));
    const slow = Promise.withResolvers<string>();
    const telling = tellClicker(
      context(),
      { body: click(), respond: () => Promise.reject(new Error('gone')) },
      () => slow.promise,
    );
    await wait(2 * SECOND);
    expect(flow.log.lines.at(-1)).toMatchObject({ message: 'a word while waiting could not be shown' });
    slow.resolve('Done.');
    await telling;
  });

  test('may be answered in a private message, and a failure there is in the log', async () => {
    await tellPrivately(context(), 'U0ANA', { text: 'x', blocks: [section('x')] });
    expect(client.sent).toEqual([
      { method: 'chat.postMessage', asked: { channel: 'U0ANA', text: 'x', blocks: [section('x')] } },
    ]);
    client.says('chat.postMessage', failing(refusedBySlack('channel_not_found')));
    await tellPrivately(context(), 'U0ANA', { text: 'x', blocks: [] });
    expect(flow.log.lines).toMatchObject([{ level: 'warn', facts: { personId: 'U0ANA' } }]);
  });
});
