import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Stage, setStage } from '../support/bot.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await setStage();
});
afterEach(() => stage.close());

const people = () => stage.sandbox.slack.people;
const hold = async () => {
  await stage.ana.jit('request payments read 1h stuck payments');
  await stage.ana.readsDirect('You have Payments database (read)');
  await stage.ana.jit('request orders read 1h stuck orders');
  await stage.ana.readsDirect('You have Orders database (read)');
};
const panel = async () => {
  for (let top = people().topView('U0EVE'); top; top = people().topView('U0EVE')) people().close(top);
  await stage.eve.jit('admin');
  return stage.eve.sees('Active: ');
};
const freeze = async (reason: string) => {
  await people().clickIn('U0EVE', await panel(), 'admin_freeze');
  const form = await stage.eve.sees('Nobody gets access until you lift it');
  await people().enter('U0EVE', form, 'freeze_reason', reason);
  await people().submit('U0EVE', form);
};

describe('/jit admin', () => {
  test('shows holders and waiting requests by person and resource, and ends one', async () => {
    await hold();
    await stage.ben.jit('request orders read 30m numbers');
    await stage.ben.readsDirect('waiting for');
    const open = await panel();
    expect(stage.viewText(open, 'U0EVE')).toContain('Active: 2');
    expect(stage.viewText(open, 'U0EVE')).toContain('@Ben Okafor asks for Orders database (read)');
    const [payments] = await people().suggestions('U0EVE', open, 'admin_resource', 'paym');
    await people().enter('U0EVE', open, 'admin_resource', payments ?? null);
    await stage.until('only payments is shown', () => stage.viewText(open, 'U0EVE').includes('Active: 1'));
    await people().clickIn('U0EVE', open, 'admin_end');
    await stage.eve.sees('Ending this access now');
    const ended = await stage.ana.readsDirect('Payments database (read) has ended');
    expect(stage.text(ended, 'U0ANA')).toContain('by @Eve Lindqvist');
    expect(await stage.madeRoles()).toHaveLength(1);
  });

  test('shows what was given for an incident, whatever the role, and ends that', async () => {
    await stage.ana.jit('request payments read 1h stuck payments');
    await stage.ana.readsDirect('You have Payments database (read)');
    await stage.dev.jit('request payments read 1h stuck as well');
    await stage.dev.readsDirect('You have Payments database (read)');
    const open = await panel();
    expect(stage.viewText(open, 'U0EVE')).toContain('Active: 2');
    const [incident, ...others] = await people().suggestions('U0EVE', open, 'admin_incident', '4711');
    expect(others).toEqual([]);
    await people().enter('U0EVE', open, 'admin_incident', incident ?? null);
    await stage.until('only what was given for it is shown', () => stage.viewText(open, 'U0EVE').includes('Active: 1'));
    expect(stage.viewText(open, 'U0EVE')).toContain('@Ana Kovač has Payments database (read)');
  });

  test('says who froze everything, since when, and why', async () => {
    await freeze('A token has leaked');
    await stage.eve.sees('Frozen.');
    expect(stage.viewText(await panel(), 'U0EVE')).toMatch(
      /All access is frozen by @Eve Lindqvist since .*\n.*A token has leaked/,
    );
  });

  test('only what stops everything is red', async () => {
    await hold();
    const { view } = await panel();
    const elements = view.blocks.flatMap((block) =>
      block.type === 'actions' ? block.elements : block.type === 'section' && block.accessory ? [block.accessory] : [],
    );
    const red = elements.flatMap((one) => (one.type === 'button' && one.style === 'danger' ? [one.action_id] : []));
    expect(red).toEqual(['admin_freeze']);
  });

  test('shows one person’s access and requests, and nothing of anybody else', async () => {
    await hold();
    await stage.ben.jit('request orders read 30m numbers');
    await stage.ben.readsDirect('waiting for');
    const open = await panel();
    const shows = (held: number, waiting: number) =>
      stage.until(`${held} held, ${waiting} waiting`, () =>
        new RegExp(`Active: ${held}\\b[^]*Waiting: ${waiting}\\b`, 'i').test(stage.viewText(open, 'U0EVE')),
      );
    await people().enter('U0EVE', open, 'admin_person', 'U0BEN');
    await shows(0, 1);
    await people().enter('U0EVE', open, 'admin_person', 'U0ANA');
    await shows(2, 0);
  });

  test('ends all that is shown at once', async () => {
    await hold();
    await people().clickIn('U0EVE', await panel(), 'admin_end_all');
    await stage.recorded('grant.ended', 2);
    expect(await stage.madeRoles()).toEqual([]);
  });

  test('a freeze ends live access, blocks new access, is announced, and lifted again', async () => {
    await hold();
    await stage.ben.jit('request orders read 30m numbers');
    const prompt = await stage.chloe.readsIn('C0ACCESS', 'Approve less');
    await freeze('A token has leaked <!channel>');
    const announced = await stage.chloe.readsIn('C0ACCESS', 'froze all access');
    expect(stage.text(announced, 'U0CHLOE')).toContain('│ A token has leaked <!channel>');
    await stage.recorded('grant.ended', 2);
    expect(await stage.madeRoles()).toEqual([]);
    await stage.ana.readsDirect('an administrator froze all access');

    await stage.ana.jit('request payments read 1h stuck again');
    await stage.ana.told('Eve Lindqvist froze all access');
    await stage.ben.jit('break-glass payments admin 20m Checkout is down for everybody');
    await stage.ben.told('froze all access');
    await stage.chloe.click(prompt, 'review_approve');
    await stage.chloe.readsIn('C0ACCESS', 'Lindqvist froze all access');

    people().close(await stage.eve.sees('Frozen.'));
    await people().clickIn('U0EVE', await panel(), 'admin_unfreeze');
    await stage.chloe.readsIn('C0ACCESS', 'lifted the freeze');
    await stage.chloe.click(prompt, 'review_approve');
    await stage.ben.readsDirect('You have Orders database (read)');
  });

  test('a freeze outlives a restart, and access that was being given then is not given', async () => {
    stage.sandbox.proxy.cut();
    await stage.ana.jit('request payments read 1h stuck payments');
    await stage.logged('granting failed', 1);
    await freeze('A token has leaked');
    await stage.restart();
    stage.sandbox.proxy.restore();
    stage.clock.jump(70_000);
    await stage.recorded('grant.ended');
    expect(await stage.madeRoles()).toEqual([]);
    await stage.ana.jit('request orders read 1h stuck orders');
    await stage.ana.told('froze all access');
  });

  test('is for administrators at every step: a former one’s open form does nothing', async () => {
    await hold();
    await stage.ana.jit('admin');
    await stage.ana.sees('Only administrators can do this');
    const open = await panel();
    stage.sandbox.slack.workspace.groups.get('S0SECURITY')?.members.splice(0, 1);
    await people().clickIn('U0EVE', open, 'admin_end_all');
    await stage.eve.sees('Only administrators can do this');
    expect(await stage.madeRoles()).toHaveLength(2);
  });
});

describe('the policy, reloaded', () => {
  const openReload = async (text: string) => {
    await people().clickIn('U0EVE', await panel(), 'admin_reload');
    return stage.eve.sees(text);
  };

  test('a restart with another policy records what it changes', async () => {
    await stage.recorded('policy.loaded', 1);
    await stage.restart({
      policy: (source) =>
        source.replace('duration: { default: 1h, max: 4h, total: 8h }', 'duration: { default: 30m, max: 30m }'),
    });
    const loaded = await stage.recorded('policy.loaded', 2);
    expect(loaded.payload.changes).toContain('payments-db/read: longest 4 h → 30 min');
    await stage.eve.readsIn('C0AUDIT', 'longest 4 h → 30 min');
    await stage.restart();
    expect((await stage.recorded('policy.loaded', 3)).payload.changes).toContain(
      'payments-db/read: longest 30 min → 4 h',
    );
    await stage.restart();
    expect((await stage.recorded('policy.loaded', 4)).payload.changes).toEqual([]);
  });

  test('is shown as a difference, in force without restart, recorded with who did it', async () => {
    stage.savePolicy((source) =>
      source.replace('duration: { default: 1h, max: 4h, total: 8h }', 'duration: { default: 30m, max: 30m }'),
    );
    const shown = await openReload('What changes');
    expect(stage.viewText(shown, 'U0EVE')).toContain('payments-db/read: longest 4 h → 30 min');
    await people().submit('U0EVE', shown);
    await stage.eve.sees('In force');
    const loaded = await stage.recorded('policy.loaded', 2);
    expect(loaded.actor).toMatchObject({ id: 'U0EVE' });
    expect(loaded.payload.changes).toContain('payments-db/read: longest 4 h → 30 min');
    await stage.eve.readsIn('C0AUDIT', 'longest 4 h → 30 min');
    await stage.ana.jit('request payments read 2h stuck payments');
    await stage.ana.sees('For how long?');
  });

  test('with a mistake changes nothing, and names the mistake', async () => {
    stage.savePolicy((source) => source.replace('level: { max: 2 }', 'level: { max: two }'));
    await openReload('level.max');
    await stage.ana.jit('request payments read 30m stuck payments');
    await stage.ana.readsDirect('You have Payments database (read)');
  });

  test('saved again after somebody looked, it is shown again instead of put in force', async () => {
    stage.savePolicy((source) => `${source}# one\n`);
    const shown = await openReload('What changes');
    stage.savePolicy((source) => source.replace('risk: low', 'risk: high'));
    await people().submit('U0EVE', shown);
    await stage.eve.sees('risk low → high');
    expect(stage.events().filter(({ type }) => type === 'policy.loaded')).toHaveLength(1);
  });

  test('access that a reload would strand and that nobody was shown is shown first', async () => {
    await stage.ana.jit('request payments read 1h stuck payments');
    await stage.ana.readsDirect('You have Payments database (read)');
    stage.savePolicy((source) => source.replace(/(_DB_URL\}") \}/, '$1, login: "{email_name}" }'));
    const shown = await openReload('Ana Kovač');
    await stage.dev.jit('request payments read 1h stuck as well');
    await stage.dev.readsDirect('You have Payments database (read)');
    await people().submit('U0EVE', shown);
    await stage.until('the other one is shown', () => stage.viewText(shown, 'U0EVE').includes('Dev'));
    expect(stage.events().filter(({ type }) => type === 'policy.loaded')).toHaveLength(1);
  });

  test('a new resource works immediately, and a removed one still ends its access', async () => {
    await hold();
    stage.savePolicy((source) => {
      const from = source.indexOf('  orders-db:');
      const to = source.indexOf('  feature-flags:');
      return (
        source.slice(0, from) +
        source.slice(to).replace('  feature-flags:', '  switches:').replace('name: Feature flags', 'name: Switches')
      );
    });
    const shown = await openReload('What changes');
    expect(stage.viewText(shown, 'U0EVE')).toContain('resource orders-db is gone');
    await people().submit('U0EVE', shown);
    await stage.recorded('policy.loaded', 2);
    await stage.ana.jit('revoke orders-db');
    await stage.recorded('grant.ended');
    expect(await stage.madeRoles()).toHaveLength(1);
    await stage.dev.jit('request switches edit 30m flags');
    await stage.dev.readsDirect('You have Switches (edit)');
  });
});
