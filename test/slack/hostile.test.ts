/** What comes over the wire is not what our own forms and buttons send. Nothing crashes, nothing is granted, somebody answers. */

import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Message } from '../../src/sandbox/slack/workspace.ts';
import { REMOVE_MODAL, START_MODAL } from '../../src/slack/features/accessReview/views.ts';
import { ADMIN, FREEZE_MODAL, FREEZE_REASON, GONE_REASON, RELOAD_MODAL } from '../../src/slack/features/admin/views.ts';
import { EXTEND, EXTEND_MODAL } from '../../src/slack/features/grants/extend.ts';
import { ACTIONS, BLOCKS, REQUEST_MODAL } from '../../src/slack/features/request/modal.ts';
import { APPROVE_MODAL, CHANGE, CHANGE_MODAL, DENY_MODAL } from '../../src/slack/features/review/modals.ts';
import { USE_MODAL } from '../../src/slack/features/review/useReviewModal.ts';
import { CODE, ENROL_MODAL } from '../../src/slack/kit/codeForms.ts';
import { COMMENT } from '../../src/slack/kit/commentInput.ts';
import { ACCESS_REVIEW } from '../../src/slack/outbox/accessReviewCard.ts';
import { REVIEW_ACTIONS } from '../../src/slack/outbox/card.ts';
import { USE_ACTIONS } from '../../src/slack/outbox/useReview.ts';
import { type Stage, setStage } from '../support/bot.ts';

let stage: Stage;

/** Dev is an engineer, on call for nothing that gives anything by itself, and no reviewer of what is asked here. */
const WHO = 'U0DEV';
const common = {
  team: { id: 'T0HARBOR', domain: 'harborpay' },
  user: { id: WHO, username: 'dev', name: 'dev', team_id: 'T0HARBOR' },
  api_app_id: 'A0JITBOT',
  token: 'sandbox',
  is_enterprise_install: false,
};
const send = (payload: Record<string, unknown>, user = WHO) =>
  stage.sandbox.slack.link.deliver('interactive', { ...common, user: { ...common.user, id: user }, ...payload });
const given = () =>
  stage.events().filter(({ type }) => type === 'grant.provisioning' || type === 'request.approved').length;
/** A fault in the program would be in the log as one. */
const faults = () =>
  stage.log.lines.filter(({ level, facts }) => {
    const { err } = facts as { err?: unknown };
    return (
      level === 'error' && (err instanceof TypeError || err instanceof RangeError || err instanceof ReferenceError)
    );
  });
const harmless = async (work: () => Promise<unknown>) => {
  const before = given();
  await work();
  expect(faults()).toEqual([]);
  expect(given()).toBe(before);
};

/** Hundreds of clicks use up Slack's limits: whoever comes after them waits their turn. */
const LONG = 180_000;
const served = <T>(look: () => T | undefined): Promise<T> =>
  vi.waitFor(
    () => {
      const found = look();
      if (found === undefined) throw new Error('nobody was served yet');
      return found;
    },
    { timeout: LONG, interval: 100 },
  );

const junk = fc.oneof(
  fc.string({ maxLength: 60 }),
  fc.constantFrom(
    '',
    '__proto__',
    'constructor/prototype',
    'payments-db/admin',
    '../../etc/passwd',
    "'; DROP TABLE events; --",
    '<!channel>',
    '9'.repeat(400),
    'R0000000000',
    'G0000000000',
    '{"review":"A1","item":-1}',
    '\u0000\u202e💥',
    'half an emoji \ud83d',
  ),
);
/** Roles that Dev may ask for or not, and none that would be Dev's at once. */
const ROLES = ['payments-db/admin', 'feature-flags/delete', 'nothing/like-it'] as const;
/** One input, as text, as a choice, as several and as a time: each field takes what it is made for. */
const input = (value: unknown) => ({
  type: 'plain_text_input',
  value,
  selected_option: { value },
  selected_options: [{ value }],
  selected_date_time: value,
});
const anything = fc.oneof(junk, fc.integer(), fc.constant(null), fc.boolean(), fc.object({ maxDepth: 2 }));

describe('generated input', () => {
  beforeAll(async () => {
    stage = await setStage();
    // Dev may break no glass here: whatever is given would be given by mistake.
    const sre = stage.sandbox.slack.workspace.groups.get('S0SRE');
    if (sre) sre.members = [];
  });
  afterAll(() => stage.close());

  test(
    'whatever stands after /jit is answered, and gives nothing',
    () =>
      fc.assert(
        fc.asyncProperty(
          fc.constantFrom(
            '',
            'request',
            'extend',
            'revoke',
            'cancel',
            'why',
            'break-glass',
            'audit',
            'away',
            'code',
            'admin',
            'list',
            'nonsense',
          ),
          fc.array(junk, { maxLength: 5 }),
          async (word, rest) =>
            harmless(async () => {
              const count = stage.sandbox.slack.workspace.messages.length + stage.sandbox.slack.workspace.views.size;
              // Dev asks for nothing that would be given: the roles that the words name are not theirs to have at once.
              await stage.sandbox.slack.people.command(
                WHO,
                '/jit',
                [word, ...rest].join(' ').slice(0, 3_000),
                'C0GENERAL',
              );
              await stage.until('there is an answer', () =>
                stage.sandbox.slack.workspace.messages.length + stage.sandbox.slack.workspace.views.size > count
                  ? true
                  : null,
              );
              for (
                let top = stage.sandbox.slack.people.topView(WHO);
                top;
                top = stage.sandbox.slack.people.topView(WHO)
              )
                stage.sandbox.slack.people.close(top);
            }),
        ),
        { numRuns: 60 },
      ),
    60_000,
  );

  const modals = [
    REQUEST_MODAL,
    EXTEND_MODAL,
    APPROVE_MODAL,
    CHANGE_MODAL,
    DENY_MODAL,
    USE_MODAL,
    ENROL_MODAL,
    FREEZE_MODAL,
    RELOAD_MODAL,
    REMOVE_MODAL,
    START_MODAL,
  ];
  /** Of every form, block and action. */
  const fields: readonly (readonly [string, string])[] = [
    [BLOCKS.role, ACTIONS.role],
    [BLOCKS.more, ACTIONS.more],
    ...ROLES.map((role) => [`duration:${role}`, ACTIONS.duration] as const),
    [BLOCKS.reason, ACTIONS.reason],
    [BLOCKS.incident, ACTIONS.incident],
    [BLOCKS.start, ACTIONS.start],
    ...[...Object.values(EXTEND), ...Object.values(CHANGE), FREEZE_REASON, GONE_REASON, ACCESS_REVIEW.period].map(
      (id) => [id, id] as const,
    ),
    [COMMENT.block, COMMENT.action],
    [CODE.block, CODE.action],
  ];
  /** As often what a form of ours could hold as what none could. */
  const entered = fc.oneof(anything, fc.constantFrom(...ROLES), fc.constantFrom('900000', '1800000', 'stuck again'));
  test(
    'whatever a form claims to hold is acknowledged, and gives nothing',
    () =>
      fc.assert(
        fc.asyncProperty(
          fc.constantFrom(...modals),
          anything.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))),
          fc.uniqueArray(fc.tuple(fc.constantFrom(...fields), entered), {
            maxLength: 8,
            selector: ([[block]]) => block,
          }),
          fc.uuid(),
          async (callback, metadata, filled, id) =>
            harmless(() =>
              send({
                type: 'view_submission',
                trigger_id: 'T1',
                view: {
                  id,
                  hash: '1.x',
                  type: 'modal',
                  callback_id: callback,
                  private_metadata: metadata,
                  blocks: [],
                  title: { type: 'plain_text', text: 'x' },
                  state: {
                    values: Object.fromEntries(
                      filled.map(([[block, action], value]) => [block, { [action]: input(value) }]),
                    ),
                  },
                },
              }),
            ),
        ),
        { numRuns: 120 },
      ),
    60_000,
  );

  test(
    'a form with our fields is read: Ben’s waits for reviewers, and gives nothing',
    async () => {
      const role = 'orders-db/read';
      const values = {
        [BLOCKS.role]: { [ACTIONS.role]: input(role) },
        [`duration:${role}`]: { [ACTIONS.duration]: input('900000') },
        [BLOCKS.reason]: { [ACTIONS.reason]: input('OPS-1 stuck again, really') },
      };
      await harmless(async () => {
        await send(
          {
            type: 'view_submission',
            trigger_id: 'T1',
            view: {
              id: 'V-whole',
              hash: '1.x',
              type: 'modal',
              callback_id: REQUEST_MODAL,
              private_metadata: 'request',
              blocks: [],
              title: { type: 'plain_text', text: 'x' },
              state: { values },
            },
          },
          'U0BEN',
        );
        const { payload } = await served(() => stage.events().find(({ type }) => type === 'request.submitted'));
        expect(payload).toMatchObject({ role, requester: { slackId: 'U0BEN' } });
      });
    },
    LONG,
  );

  const actions = [
    ...Object.values(REVIEW_ACTIONS),
    ...Object.values(USE_ACTIONS),
    ADMIN.person,
    ADMIN.end,
    ADMIN.endAll,
    ADMIN.freeze,
    ADMIN.unfreeze,
    ADMIN.reload,
    ADMIN.reset,
    ACCESS_REVIEW.keep,
    ACCESS_REVIEW.remove,
    'grant_end',
    'grant_extend',
    'grant_credential',
    'request_role',
  ];
  test(
    'whatever a button claims to be about is acknowledged, and gives nothing',
    () =>
      fc.assert(
        fc.asyncProperty(
          fc.constantFrom(...actions),
          anything,
          fc.constantFrom('C0ACCESS', 'C0GENERAL', 'C0NOWHERE'),
          async (id, value, channel) =>
            harmless(() =>
              send({
                type: 'block_actions',
                trigger_id: 'T1',
                container: { type: 'message', message_ts: '1.000001', channel_id: channel, is_ephemeral: false },
                channel: { id: channel, name: 'x' },
                message: { ts: '1.000001', text: 'x', blocks: [] },
                state: { values: {} },
                response_url: 'http://127.0.0.1:9/none',
                actions: [
                  {
                    type: 'button',
                    action_id: id,
                    block_id: 'b',
                    action_ts: '1.0',
                    value,
                    selected_user: value,
                    selected_option: { value },
                  },
                ],
              }),
            ),
        ),
        { numRuns: 120 },
      ),
    60_000,
  );

  test(
    'when all that followed from it is done, nobody but who may has anything',
    async () => {
      // Whoever comes later is served after it, in the same lanes.
      await stage.ana.jit('request payments read 30m stuck payments');
      await served(() => stage.events().find(({ type }) => type === 'grant.activated'));
      const holders = stage
        .events()
        .filter(({ type }) => type === 'request.approved' || type.startsWith('grant.'))
        .map(({ payload }) => JSON.stringify(payload))
        .filter((payload) => !payload.includes('U0ANA'));
      expect(holders).toEqual([]);
    },
    LONG,
  );

  test('envelopes that are none are dropped, and the next person is served', async () => {
    const { link } = stage.sandbox.slack;
    for (const payload of [
      {},
      { type: 'nonsense' },
      { type: 'view_submission' },
      { type: 'block_actions', actions: [] },
      { command: null },
    ])
      for (const kind of ['interactive', 'slash_commands', 'events_api'] as const)
        link.deliver(kind, payload as Record<string, unknown>).catch(() => undefined);
    await harmless(() => stage.ana.jit('help'));
    await stage.ana.told('Access for as long as you need it');
  });
});

describe('frames that Slack never sends', () => {
  beforeAll(async () => {
    stage = await setStage();
  });
  afterAll(() => stage.close());

  test('K8.2 over the socket they are dropped, and the next person is served', async () => {
    const { link } = stage.sandbox.slack;
    const envelope = (type: string, payload: unknown) => JSON.stringify({ envelope_id: 'E1', type, payload });
    const frames = [
      'null',
      '7',
      '"text"',
      '[]',
      '{',
      '{}',
      '{"type":null}',
      '{"type":{"a":1}}',
      '['.repeat(300_000),
      Buffer.from([0, 255, 1]),
      ...['error', 'close', 'disconnected', 'connected', 'ws_message', 'slack_event'].map((type) =>
        JSON.stringify({ type, payload: {} }),
      ),
      ...[
        null,
        3,
        'x',
        [],
        [null],
        { event: null },
        { event: { type: null } },
        { event: { type: 'disconnected' } },
      ].map((payload) => envelope('events_api', payload)),
      ...[null, 3, 'x', [], undefined].flatMap((payload) => [
        envelope('interactive', payload),
        envelope('slash_commands', payload),
      ]),
    ];
    for (const frame of frames) link.sendFrame(frame);
    await stage.logged('dropped an envelope that is not whole', frames.length);
    expect(link.connections()).toBe(1);
    await harmless(() => stage.ana.jit('help'));
    await stage.ana.told('Access for as long as you need it');
  });
});

describe('attacks', () => {
  beforeEach(async () => {
    stage = await setStage();
  });
  afterEach(() => stage.close());

  /** Ben's request for orders, with its buttons. */
  async function pendingPrompt(line: string): Promise<Message> {
    const after = stage.sandbox.slack.workspace.newTs();
    await stage.ben.jit(line);
    return stage.until('the buttons are there', () =>
      stage.sandbox.slack.workspace
        .visible('C0ACCESS', 'U0EVE')
        .find((message) => message.ts > after && JSON.stringify(message.blocks).includes('review_approve')),
    );
  }
  const clickAs = (user: string, message: Message, action: string, value: string) =>
    stage.sandbox.slack.people.act(user, { message }, 'b', { type: 'button', action_id: action, value });

  test('a button copied to another channel makes nobody there a reviewer', async () => {
    const prompt = await pendingPrompt('request orders read 30m order 1');
    await harmless(async () => {
      await clickAs('U0ANA', { ...prompt, channel: 'C0GENERAL', threadTs: null }, 'review_approve', idIn(prompt));
      await stage.ana.readsIn('C0GENERAL', 'not a reviewer');
    });
  });

  test('another request’s id in a button asks for that request’s own reviewers', async () => {
    const payments = await pendingPrompt('request payments read 30m stuck payments');
    const orders = await pendingPrompt('request orders read 30m order 1');
    // Dev may review orders, as one of the DBAs, and not payments.
    await harmless(async () => {
      await clickAs('U0DEV', orders, 'review_approve', idIn(payments));
      await stage.dev.readsIn('C0ACCESS', 'not a reviewer');
    });
  });

  test('a stale button on a decided request says how it stands, and changes nothing', async () => {
    const stale = await pendingPrompt('request orders read 30m order 1');
    const id = idIn(stale);
    await stage.ben.jit('cancel');
    await stage.recorded('request.cancelled');
    await harmless(async () => {
      await clickAs('U0CHLOE', stale, 'review_approve', id);
      await stage.chloe.readsIn('C0ACCESS', 'cancelled');
    });
  });

  test('another person’s access: ending, lengthening or asking its password is refused', async () => {
    await stage.ana.jit('request payments read 30m stuck payments');
    const granted = await stage.ana.readsDirect('You have Payments database (read)');
    const activated = await stage.recorded('grant.activated');
    const before = stage.events().length;
    for (const action of ['grant_end', 'grant_credential', 'grant_extend']) {
      const after = stage.sandbox.slack.workspace.newTs();
      await clickAs('U0BEN', { ...granted, channel: 'C0GENERAL' }, action, activated.grantId ?? '');
      if (action === 'grant_end') await stage.ben.readsIn('C0GENERAL', 'Only its holder', after);
    }
    await send(
      {
        type: 'view_submission',
        trigger_id: 'T1',
        view: {
          id: 'V-more',
          hash: '1.x',
          type: 'modal',
          callback_id: EXTEND_MODAL,
          private_metadata: activated.grantId ?? '',
          blocks: [],
          title: { type: 'plain_text', text: 'x' },
          state: {
            values: {
              [EXTEND.duration]: { [EXTEND.duration]: input('900000') },
              [EXTEND.reason]: { [EXTEND.reason]: input('a little longer, please') },
            },
          },
        },
      },
      'U0BEN',
    );
    // What is asked for later is done later: Ana herself gives it back.
    await stage.ana.jit('revoke payments');
    await stage.recorded('grant.ended');
    const after = stage.events().slice(before);
    expect(after.filter(({ type }) => /extend|extension|credential/.test(type))).toEqual([]);
    expect(after.filter(({ actor }) => actor.kind === 'person').map(({ actor }) => actor)).toMatchObject([
      { id: 'U0ANA' },
    ]);
  });

  test('the same submission sent twice is one request', async () => {
    const before = stage.events().filter(({ type }) => type === 'request.submitted').length;
    stage.sandbox.slack.link.doubleNext(1);
    await stage.ben.jit('request orders read 30m twice in a row');
    await stage.recorded('request.submitted', before + 1);
    await harmless(() => stage.ana.jit('help'));
    expect(stage.events().filter(({ type }) => type === 'request.submitted')).toHaveLength(before + 1);
  });
});

const idIn = (message: Message): string => /"(R[0-9A-Z]{10})"/.exec(JSON.stringify(message.blocks))?.[1] ?? '';
