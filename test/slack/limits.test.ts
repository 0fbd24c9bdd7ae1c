import { createServer, type Server } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { HOUR, MINUTE } from '../../src/domain/terms.ts';
import { closeServer, listen, readBody } from '../../src/sandbox/http.ts';
import { type Stage, setStage } from '../support/bot.ts';

let stage: Stage;
afterEach(() => stage.close());

/** The sandbox's policy with something more said about reading payments. */
const withLimits = (limits: string) => (source: string) =>
  source.replace('        risk: low\n', `        risk: low\n        limits: ${limits}\n`);

describe('limits, counted from what was really granted', () => {
  test('so many approvals at once a day, then reviewers are asked', async () => {
    stage = await setStage({ policy: withLimits('{ automatic: { max: 1, per: 24h } }') });
    await stage.ana.jit('request payments read 15m first');
    const granted = await stage.ana.readsDirect('You have Payments database (read)');
    // Decided again right before granting, it does not count against itself.
    await stage.ana.click(granted, 'grant_end');
    await stage.recorded('grant.ended');
    await stage.ana.jit('request payments read 15m second');
    await stage.ana.told('approval');
    const card = await stage.chloe.readsIn('C0ACCESS', 'asks for Payments database (read)');
    expect(stage.text(card, 'U0CHLOE')).toContain('automatic 1 time in 24 h already, and 1 is the most');
  });

  test('two who ask in the same instant do not both get the last place', async () => {
    stage = await setStage({ policy: withLimits('{ holders: 1 }') });
    await Promise.all([
      stage.ana.jit('request payments read 15m me'),
      stage.dev.jit('request payments read 15m me too'),
    ]);
    await stage.recorded('request.submitted', 2);
    await stage.recorded('grant.activated');
    const effects = stage
      .events()
      .flatMap((event) => (event.type === 'request.submitted' ? [event.payload.decision.effect] : []));
    expect(effects.sort()).toEqual(['allow', 'deny']);
    expect(await stage.madeRoles()).toHaveLength(1);
  });

  test('after a reviewer’s no there is a pause', async () => {
    stage = await setStage({ policy: withLimits('{ cool_down: 1h }') });
    await stage.ben.jit('request payments read 30m please');
    await stage.chloe.click(await stage.chloe.readsIn('C0ACCESS', 'Approve less'), 'review_deny');
    const form = await stage.chloe.sees('Why not?');
    await stage.sandbox.slack.people.enter('U0CHLOE', form, 'comment', 'Use the replica');
    await stage.sandbox.slack.people.submit('U0CHLOE', form);
    await stage.recorded('request.denied');
    await stage.ben.jit('request payments read 15m pretty please');
    await stage.ben.told('it can be asked for again after 1 h');
    stage.clock.jump(HOUR + MINUTE);
    const after = stage.sandbox.slack.workspace.newTs();
    await stage.ben.jit('request payments read 15m once more');
    await stage.ben.told('approval', after);
  });

  test('whoever puts themselves on a schedule is not on a planned shift', async () => {
    stage = await setStage({
      policy: (source) =>
        source.replace(
          'level: { max: 2 } } }\n          # Others',
          'level: { max: 2 }, planned: true } }\n          # Others',
        ),
    });
    await stage.ana.jit('request payments read 15m on my turn');
    await stage.ana.told('Approved.');
    for (const schedule of stage.sandbox.pagerDuty.account.schedules)
      schedule.overrides.push({ user: 'PBEN', start: stage.clock.now() - HOUR, end: stage.clock.now() + HOUR });
    await stage.ben.jit('request payments read 15m let me in');
    await stage.ben.told('approval');
    await stage.ben.jit('why');
    await stage.ben.told('On call by an override');
  });

  test('in a freeze window nothing is granted, and the answer says until when', async () => {
    stage = await setStage({
      policy: (source) =>
        `${source}\nfreezes: [{ from: "2020-01-01T00:00Z", to: "2099-01-01T00:00Z", reason: peak season, resources: [payments-db] }]\n`,
    });
    await stage.ana.jit('request payments read 15m now');
    await stage.ana.told('Frozen until 2099');
    await stage.ana.jit('request orders read 15m now');
    await stage.ana.told('Approved.');
  });
});

describe('a role that is handed to Open Policy Agent', () => {
  let server: Server;
  let result: unknown;
  afterEach(() => closeServer(server));

  test('its yes is granted for its time, its questions are asked, and silence refuses', async () => {
    const asked: { input: { person: { email: string }; reason: string; oncalls: unknown[] } }[] = [];
    server = createServer(async (request, response) => {
      asked.push(JSON.parse(await readBody(request)));
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ result }));
    });
    const url = `http://127.0.0.1:${await listen(server)}`;
    stage = await setStage({
      policy: (source) => {
        const from = source.indexOf('        rules:', source.indexOf('  orders-db:'));
        const to = source.indexOf('  feature-flags:');
        return `${source.slice(0, from)}        opa: { url: "${url}", path: jit/decision }\n\n${source.slice(to)}`;
      },
    });
    result = { allow: true, ttl: '10m' };
    await stage.ana.jit('request orders read 1h stuck orders');
    await stage.ana.told('Approved.');
    const activated = await stage.recorded('grant.activated');
    expect(activated.payload.endsAt - activated.at).toBeLessThanOrEqual(10 * MINUTE);
    expect(asked.at(-1)?.input).toMatchObject({
      person: { email: 'ana@harbor.example' },
      reason: 'stuck orders',
      oncalls: [{}, {}].slice(0, 1),
    });

    result = { decision: 'ask', reviewers: ['S0SECURITY'], reasons: ['not on call'] };
    await stage.ben.jit('request orders read 1h numbers');
    const prompt = await stage.eve.readsIn('C0ACCESS', '(Open Policy Agent)');
    await stage.chloe.click(prompt, 'review_approve');
    await stage.chloe.readsIn('C0ACCESS', 'not a reviewer');
    await stage.eve.click(prompt, 'review_approve');
    await stage.ben.readsDirect('You have Orders database (read)');

    result = { allow: 'yes' };
    await stage.dev.jit('request orders read 1h numbers');
    await stage.dev.told('in a form that is not understood');
  });
});
