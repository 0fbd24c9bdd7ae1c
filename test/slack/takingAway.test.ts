/** What only takes access away needs nobody's permission slip: Slack may be down, slow, or refuse the bot's token. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openLedgerToRead } from '../../src/ledger/sqlite/open.ts';
import { type Stage, setStage } from '../support/bot.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
let stage: Stage;
beforeEach(async () => {
  stage = await setStage();
});
afterEach(() => stage.close());

const slack = () => stage.sandbox.slack;
const people = () => slack().people;
const hold = async () => {
  await stage.ana.jit('request payments read 4h stuck payments');
  return stage.ana.readsDirect('You have Payments database (read)');
};
const panel = async () => {
  for (let top = people().topView('U0EVE'); top; top = people().topView('U0EVE')) people().close(top);
  await stage.eve.jit('admin');
  return stage.eve.sees('Active: ');
};
/** Eve, who is in the security team that the policy names, was seen by the sweep. */
const eveWasSeen = async () => {
  stage.clock.jump(2 * MINUTE);
  const isNoted = () => {
    const { sqlite } = openLedgerToRead(stage.sandbox.env.JIT_DATABASE ?? '');
    const row = sqlite.prepare("SELECT 1 FROM records WHERE kind = 'admin_seen' AND key = 'U0EVE'").get();
    sqlite.close();
    return row !== undefined;
  };
  await expect.poll(isNoted, { timeout: 10_000 }).toBe(true);
};

const FAILURES: [string, () => void][] = [
  ['503 of users.info', () => slack().faults.add({ kind: 'error_500', match: 'users.info' })],
  ['429 of users.info', () => slack().faults.add({ kind: 'rate_limited', match: 'users.info' })],
  ['no answer of users.info', () => slack().faults.add({ kind: 'slow', match: 'users.info', delayMs: 4_000 })],
  ['a page of HTML', () => slack().faults.add({ kind: 'html', match: 'users.info' })],
  ['an answer that is none', () => slack().faults.add({ kind: 'says', match: 'users.info', says: { ok: true } })],
  ['a dead token', () => slack().revokeTokens()],
];

describe.each(FAILURES)('K9.1 with %s', (_name, fail) => {
  test('a holder gives their own access back, by the button and by the command', async () => {
    const granted = await hold();
    fail();
    await stage.ana.click(granted, 'grant_end');
    await stage.recorded('grant.ended');
    expect(await stage.madeRoles()).toEqual([]);
    slack().faults.clear();
    slack().restoreTokens();
    await stage.ana.jit('request payments read 1h stuck again');
    await stage.recorded('grant.activated', 2);
    fail();
    await stage.ana.jit('revoke');
    const ended = await stage.recorded('grant.ended', 2);
    expect(await stage.madeRoles()).toEqual([]);
    expect(ended.payload.why).toBe('revoked');
    const revoking = await stage.recorded('grant.revoking', 2);
    expect(revoking.actor).toMatchObject({ kind: 'person', id: 'U0ANA' });
    expect(revoking.payload).not.toHaveProperty('standingSeenAt');
  });

  test('a requester cancels their own request', async () => {
    await stage.ben.jit('request orders read 30m numbers');
    const waiting = await stage.ben.readsDirect('waiting for');
    fail();
    await stage.ben.click(waiting, 'request_cancel');
    await stage.recorded('request.cancelled');
  });

  test('an administrator seen within a day ends and freezes, as the record says', async () => {
    await hold();
    await eveWasSeen();
    await stage.ana.jit('request orders read 2h stuck orders');
    await stage.recorded('grant.activated', 2);
    fail();
    const [first] = stage.events().filter(({ type }) => type === 'grant.activated');
    await people().command('U0EVE', '/jit', 'admin freeze A token has leaked', 'C0GENERAL');
    const frozen = await stage.recorded('access.frozen');
    expect(frozen.payload).toMatchObject({ live: 2, standingSeenAt: expect.any(Number) });
    expect(frozen.actor).toMatchObject({ id: 'U0EVE' });
    await stage.eve.told('Slack can’t confirm right now that you are an administrator');
    await stage.recorded('grant.ended', 2);
    expect(await stage.madeRoles()).toEqual([]);
    expect(first?.grantId).toBeTruthy();
  });
});

describe('K9.2 having been seen as an administrator', () => {
  const down = () => slack().faults.add({ kind: 'error_500', match: 'users.info' });
  const freeze = () => people().command('U0EVE', '/jit', 'admin freeze A token has leaked', 'C0GENERAL');

  test('is enough in the form too: one is ended, all are, and everything is frozen', async () => {
    await hold();
    await stage.ana.jit('request orders read 2h stuck orders');
    await stage.recorded('grant.activated', 2);
    await eveWasSeen();
    down();
    const open = await panel();
    expect(stage.viewText(open, 'U0EVE')).toContain('You were one');
    await people().clickIn('U0EVE', open, 'admin_end');
    const revoking = await stage.recorded('grant.revoking');
    expect(revoking.payload.standingSeenAt).toEqual(expect.any(Number));
    await people().clickIn('U0EVE', open, 'admin_end_all');
    await stage.recorded('grant.ended', 2);
    await people().clickIn('U0EVE', await panel(), 'admin_freeze');
    const form = await stage.eve.sees('Nobody gets access until you lift it');
    await people().enter('U0EVE', form, 'freeze_reason', 'A token has leaked');
    await people().submit('U0EVE', form);
    await stage.eve.sees('Frozen.');
    expect((await stage.recorded('access.frozen')).payload.standingSeenAt).toEqual(expect.any(Number));
  });

  test('is enough after a restart, and where their group cannot be read', async () => {
    await eveWasSeen();
    await stage.restart();
    slack().faults.add({ kind: 'says', match: 'usergroups.users.list', says: { ok: true } });
    await freeze();
    await stage.recorded('access.frozen');
  });

  test('is not enough to lift a freeze, to reload the policy, or to reset codes', async () => {
    await eveWasSeen();
    down();
    await freeze();
    await stage.recorded('access.frozen');
    await people().clickIn('U0EVE', await panel(), 'admin_unfreeze');
    await stage.eve.sees('could not be looked up');
    await people().clickIn('U0EVE', await panel(), 'admin_reload');
    await stage.eve.sees('could not be looked up');
    expect(stage.events().some(({ type }) => type === 'access.unfrozen' || type === 'second_factor.reset')).toBe(false);
  });

  test('is not enough a day later, and for somebody who never was one', async () => {
    await eveWasSeen();
    down();
    await people().command('U0ANA', '/jit', 'admin freeze It was me', 'C0GENERAL');
    await stage.ana.told('could not be looked up');
    stage.clock.jump(25 * HOUR);
    await freeze();
    await stage.eve.told('could not be looked up');
    expect(stage.events().some(({ type }) => type === 'access.frozen')).toBe(false);
  });

  test.each<[string, object]>([
    ['was made a guest', { id: 'U0EVE', team_id: 'T0HARBOR', deleted: false, is_restricted: true }],
    ['was deactivated', { id: 'U0EVE', deleted: true, tz: null }],
    ['moved to another workspace', { id: 'U0EVE', team_id: 'T0OTHER', deleted: false }],
  ])('is not enough for somebody of whom Slack says clearly that they %s', async (_name, user) => {
    await eveWasSeen();
    slack().faults.add({ kind: 'says', match: 'users.info', says: { ok: true, user } });
    await freeze();
    await stage.eve.told(':');
    expect(stage.events().some(({ type }) => type === 'access.frozen')).toBe(false);
  });

  test('is not enough for somebody who was taken out of the group', async () => {
    await eveWasSeen();
    slack().workspace.groups.get('S0SECURITY')?.members.splice(0, 1);
    stage.clock.jump(2 * MINUTE);
    await freeze();
    await stage.eve.told('Only administrators can do this');
    expect(stage.events().some(({ type }) => type === 'access.frozen')).toBe(false);
  });
});

describe('K9.4 having been seen as an administrator counts until Slack says no', () => {
  const down = () => slack().faults.add({ kind: 'error_500', match: 'users.info' });
  const freeze = () => people().command('U0EVE', '/jit', 'admin freeze A token has leaked', 'C0GENERAL');
  const notFrozen = async () => {
    await stage.eve.told('could not be looked up');
    expect(stage.events().some(({ type }) => type === 'access.frozen')).toBe(false);
  };
  const isForgotten = () => {
    const { sqlite } = openLedgerToRead(stage.sandbox.env.JIT_DATABASE ?? '');
    const row = sqlite.prepare("SELECT body FROM records WHERE kind = 'admin_seen' AND key = 'U0EVE'").pluck().get();
    sqlite.close();
    return row === 'null';
  };

  /** A look that was going on when the clock jumped is followed by the next one an hour after that. */
  const atAnHourlyLook = (isSo: () => boolean) =>
    expect
      .poll(
        () => {
          stage.clock.jump(61 * MINUTE);
          return isSo();
        },
        { timeout: 10_000, interval: 1000 },
      )
      .toBe(true);

  test('a no at a click outlives the outage that follows it', async () => {
    await eveWasSeen();
    slack().workspace.groups.get('S0SECURITY')?.members.splice(0, 1);
    stage.clock.jump(2 * MINUTE);
    await freeze();
    await stage.eve.told('Only administrators can do this');
    down();
    await freeze();
    await notFrozen();
  });

  test('so does one found out of the group, or a guest, by the hourly look', async () => {
    await eveWasSeen();
    slack().faults.add({
      kind: 'says',
      match: 'users.info',
      says: { ok: true, user: { id: 'U0EVE', team_id: 'T0HARBOR', deleted: false, is_restricted: true } },
    });
    await atAnHourlyLook(isForgotten);
    slack().faults.clear();
    await atAnHourlyLook(() => !isForgotten());
    slack().workspace.groups.get('S0SECURITY')?.members.splice(0, 1);
    await atAnHourlyLook(isForgotten);
    down();
    await freeze();
    await notFrozen();
  });
});

describe('K9.5 having been seen as a reviewer of the role', () => {
  const down = () => slack().faults.add({ kind: 'error_500', match: 'users.info' });
  const chloeWasSeen = async () => {
    stage.clock.jump(2 * MINUTE);
    const isNoted = () => {
      const { sqlite } = openLedgerToRead(stage.sandbox.env.JIT_DATABASE ?? '');
      const row = sqlite.prepare("SELECT 1 FROM records WHERE kind = 'reviewer_seen' AND key = 'U0CHLOE'").get();
      sqlite.close();
      return row !== undefined;
    };
    await expect.poll(isNoted, { timeout: 10_000 }).toBe(true);
  };
  const benHolds = async () => {
    await stage.ben.jit('request orders read 4h numbers');
    await stage.chloe.click(await stage.chloe.readsIn('C0ACCESS', 'Approve less'), 'review_approve');
    await stage.recorded('grant.activated');
    return stage.chloe.readsIn('C0ACCESS', 'grant_end');
  };
  const isEnding = () => stage.events().some(({ type }) => type === 'grant.revoking');

  test('is enough to end access, which is said to them and in the record', async () => {
    const card = await benHolds();
    await chloeWasSeen();
    down();
    await stage.chloe.click(card, 'grant_end');
    await stage.chloe.readsIn('C0ACCESS', 'You were an administrator or one of its reviewers');
    const revoking = await stage.recorded('grant.revoking');
    expect(revoking).toMatchObject({
      actor: { id: 'U0CHLOE' },
      payload: { standingSeenAt: expect.any(Number) },
    });
  });

  test('is not enough to approve anything', async () => {
    await stage.ben.jit('request orders read 4h numbers');
    const prompt = await stage.chloe.readsIn('C0ACCESS', 'Approve less');
    await chloeWasSeen();
    down();
    await stage.chloe.click(prompt, 'review_approve');
    await stage.chloe.readsIn('C0ACCESS', 'could not be looked up');
    expect(stage.events().some(({ type }) => type === 'review.recorded')).toBe(false);
  });

  test('is not enough to freeze', async () => {
    await chloeWasSeen();
    down();
    await people().command('U0CHLOE', '/jit', 'admin freeze A token has leaked', 'C0GENERAL');
    await stage.chloe.told('could not be looked up');
    expect(stage.events().some(({ type }) => type === 'access.frozen')).toBe(false);
  });

  test('is not enough once Slack has said that they are none', async () => {
    const card = await benHolds();
    await chloeWasSeen();
    for (const group of ['S0PAYLEADS', 'S0DBA']) {
      const members = slack().workspace.groups.get(group)?.members ?? [];
      members.splice(0, members.length, 'U0EVE');
    }
    stage.clock.jump(2 * MINUTE);
    await stage.chloe.click(card, 'grant_end');
    await stage.chloe.readsIn('C0ACCESS', 'Only its holder');
    down();
    await stage.chloe.click(card, 'grant_end');
    await stage.chloe.readsIn('C0ACCESS', 'could not be looked up');
    expect(isEnding()).toBe(false);
  });
});

describe('K9.1 Home, where Slack does not say who somebody is', () => {
  test('shows what they hold, with a way to give it back', async () => {
    await hold();
    slack().faults.add({ kind: 'error_500', match: 'users.info' });
    const home = await stage.ana.home('Your access');
    expect(stage.viewText(home, 'U0ANA')).toContain('could not be looked up');
    await people().clickIn('U0ANA', home, 'grant_end');
    await stage.recorded('grant.ended');
  });
});

test('K9.2 with a token that opens no form, an administrator sees and ends access', async () => {
  await hold();
  await eveWasSeen();
  slack().revokeTokens();
  await stage.eve.jit('admin');
  const told = await stage.eve.told('Slack opens no form right now');
  await stage.eve.click(told, 'grant_end');
  const revoking = await stage.recorded('grant.revoking');
  expect(revoking.actor).toMatchObject({ id: 'U0EVE' });
  expect(revoking.payload.standingSeenAt).toEqual(expect.any(Number));
});
