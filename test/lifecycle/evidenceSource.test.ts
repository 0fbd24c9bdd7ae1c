/** What a decision rests on: who is asked for what, and what is said where there is no answer. */

import { beforeEach, describe, expect, test } from 'vitest';
import type { OnCallEntry } from '../../src/domain/evidence.ts';
import type { Incident } from '../../src/domain/incident.ts';
import type { Human, Person } from '../../src/domain/person.ts';
import type { Role } from '../../src/domain/policy.ts';
import { HOUR, type Known, known, MINUTE, unknown } from '../../src/domain/terms.ts';
import { evidenceSource } from '../../src/lifecycle/evidenceSource.ts';
import type { EvidenceSource } from '../../src/ports/evidence.ts';
import type { OnCall } from '../../src/ports/pagerDuty.ts';
import type { Directory } from '../../src/ports/people.ts';
import type { OpaQuestion } from '../../src/ports/policy.ts';
import type { HistoryQuestion, PastAndHolders, Store } from '../../src/ports/store.ts';
import { type ManualClock, manualClock } from '../support/clock.ts';
import {
  ANA,
  aLimit,
  allow,
  anEntry,
  anOutage,
  aRole,
  deny,
  inIncident,
  memberOf,
  NOON,
  onCall,
} from '../support/domain.ts';

const account = (slackId: string, email = `${slackId.toLowerCase()}@harbor.example`): Person => ({
  ...ANA,
  slackId,
  email,
});
const NO_ANSWER = unknown('no answer');

/** Every question, by whom it went to. */
let asked: Record<string, unknown[][]>;
const note = (what: string, ...question: unknown[]) => {
  asked[what] = [...(asked[what] ?? []), question];
};
let clock: ManualClock;
let people: Map<string, Person>;
let silent: Set<string>;
/** By Slack id: where somebody is on call. Whoever is not listed is not at PagerDuty. */
let shifts: Map<string, Known<readonly OnCallEntry[]>>;
let groups: Map<string, Known<ReadonlySet<string>>>;
let incident: Known<Incident>;
let past: PastAndHolders;
/** What of the ledger cannot be read. */
let broken: Set<'history' | 'record' | 'activity'>;
/** Accounts that the ledger has seen. */
let seen: string[];
let samePerson: string[][];

beforeEach(() => {
  asked = {};
  clock = manualClock(NOON);
  people = new Map([['U0ANA', ANA]]);
  silent = new Set();
  shifts = new Map();
  groups = new Map();
  incident = known(anOutage());
  past = { automatic: [], denials: [], holders: [] };
  broken = new Set();
  seen = [];
  samePerson = [];
});

const directory: Directory = {
  person: async (id) => known0(silent.has(id) ? undefined : people.get(id)),
  personByEmail: async (email) => {
    note('email', email);
    return known0([...people.values()].find((one) => one.email === email));
  },
  hasLeft: async (id) => (silent.has(id) ? NO_ANSWER : known('deactivated')),
  isAwake: async () => known(true),
  members: async (ids, purpose) => {
    note('groups', ids, purpose);
    return new Map(ids.map((id) => [id, groups.get(id) ?? NO_ANSWER]));
  },
  everybody: async () => known([]),
  mailboxOwner: async () => known(null),
  names: async () => new Map(),
};
const known0 = <T>(value: T | undefined): Known<T> => (value === undefined ? NO_ANSWER : known(value));

const pagerDuty: OnCall = {
  entries: async (person, purpose, about) => {
    note('entries', person.slackId, purpose, about);
    return shifts.get(person.slackId) ?? known([]);
  },
  knows: async ({ slackId }) => (silent.has(`at PagerDuty ${slackId}`) ? NO_ANSWER : known(shifts.has(slackId))),
  onCallFor: async () => NO_ANSWER,
  incident: async (id, purpose) => {
    note('incident', id, purpose);
    return incident;
  },
  check: async () => known(true),
  nameOf: async () => known('Checkout'),
  openIncidents: async () => known([]),
};

const store: Pick<Store, 'history' | 'record' | 'accountsOf'> = {
  history: async (about) => {
    note('history', about);
    if (broken.has('history')) throw new Error('the disk is gone');
    return past;
  },
  record: async (kind, key) => {
    note('record', kind, key);
    if (broken.has('record')) throw new Error('the disk is gone');
    return { value: null, version: 0 };
  },
  accountsOf: async (human) => [...human.accounts, ...seen],
};

const aSource = () =>
  evidenceSource({
    onCall: pagerDuty,
    directory,
    store,
    activity: {
      asking: async (accounts, resource, now) => {
        note('activity', accounts, resource, now);
        if (broken.has('activity')) throw new Error('the disk is gone');
        return { requests: [], denials: [], knowsResource: true };
      },
      askingAnywhere: async (accounts, now) => {
        note('activity', accounts, 'anywhere', now);
        if (broken.has('activity')) throw new Error('the disk is gone');
        return { requests: [], denials: [], resources: new Set(['db']) };
      },
      uses: async () => [],
      reviewing: async () => ({ reviews: [], approversOfRequester: [], approversOfReviewer: [] }),
    },
    engine: {
      ask: async (target, question) => {
        note('engine', target, question);
        return known({ decision: 'allow', reasons: [], reviewers: [], needed: 1, max: null });
      },
    },
    clock,
    policy: () => ({ samePerson }),
  });
const gather = (
  role: Partial<Role> = {},
  more: Partial<Parameters<EvidenceSource['gather']>[1]> = {},
  purpose: Parameters<EvidenceSource['gather']>[2] = 'decision',
  source = aSource(),
) =>
  source.gather(
    aRole(role),
    { person: ANA, incidentId: null, at: null, requestId: null, duration: HOUR, reason: 'because', ...more },
    purpose,
  );

describe('nothing is looked up that no rule depends on', () => {
  test('for a role that anybody gets', async () => {
    expect(await gather({ rules: [allow()] })).toEqual({
      at: NOON,
      onCall: null,
      incident: null,
      groups: {},
      history: null,
      removals: known([]),
      signals: known([]),
      opa: null,
    });
    expect(asked).toEqual({
      groups: [[[], 'decision']],
      record: [['removals', 'db/read']],
      activity: [[['U0ANA'], 'db', NOON]],
    });
  });

  test('about other accounts, if a rule asks for shifts and there are none', async () => {
    const found = await gather({ rules: [allow(onCall())] });
    expect(found).not.toHaveProperty('othersOnCall');
    expect(found).not.toHaveProperty('otherAccounts');
  });

  test('about other accounts, if no rule asks for shifts', async () => {
    seen = ['U0OTHER'];
    people.set('U0OTHER', account('U0OTHER'));
    const found = await gather({ rules: [allow()] });
    expect(found.otherAccounts).toEqual(['U0OTHER']);
    expect(found).not.toHaveProperty('othersOnCall');
  });
});

test('evidence is as old as its last answer', async () => {
  people = new Map();
  samePerson = [['U0ANA', 'U0A']];
  const slow = new Map([['U0A', account('U0A')]]);
  people.get = (id) => {
    clock.advance(MINUTE);
    return slow.get(id);
  };
  expect((await gather()).at).toBe(NOON + MINUTE);
});

describe('shifts', () => {
  test('are looked up for the purpose and the start in question', async () => {
    shifts.set('U0ANA', known([anEntry()]));
    const rules = [allow(onCall())];
    expect((await gather({ rules }, {}, 'preview')).onCall).toEqual(known([anEntry()]));
    await gather({ rules: [allow(onCall({ planned: true }))] }, { at: NOON + HOUR }, 'check');
    expect(asked.entries).toEqual([
      ['U0ANA', 'preview', { overrides: false }],
      ['U0ANA', 'check', { at: NOON + HOUR, overrides: true }],
    ]);
  });

  test('that are unknown stay unknown', async () => {
    shifts.set('U0ANA', unknown('PagerDuty did not answer'));
    expect((await gather({ rules: [allow(onCall())] })).onCall).toEqual(unknown('PagerDuty did not answer'));
  });
});

describe('shifts of other accounts', () => {
  const RULES = { rules: [allow(onCall())] };
  beforeEach(() => {
    samePerson = [['U0ANA', 'U0A', 'U0B']];
    for (const id of ['U0A', 'U0B']) people.set(id, account(id));
  });

  test('are all looked up like the person’s own', async () => {
    shifts.set('U0A', known([anEntry({ level: 1 })])).set('U0B', known([anEntry({ level: 2 })]));
    expect((await gather(RULES, { at: NOON + HOUR }, 'check')).othersOnCall).toEqual(
      known([anEntry({ level: 1 }), anEntry({ level: 2 })]),
    );
    expect(asked.entries).toEqual([
      ['U0ANA', 'check', { at: NOON + HOUR, overrides: false }],
      ['U0A', 'check', { at: NOON + HOUR, overrides: false }],
      ['U0B', 'check', { at: NOON + HOUR, overrides: false }],
    ]);
  });

  test('leave out accounts that are not at PagerDuty or have left Slack', async () => {
    people.delete('U0A');
    shifts.set('U0A', known([anEntry()]));
    expect((await gather(RULES)).othersOnCall).toEqual(known([]));
    expect(asked.entries).toHaveLength(1);
  });

  test('are unknown while Slack does not answer for one', async () => {
    silent.add('U0B');
    shifts.set('U0A', known([anEntry()]));
    expect((await gather(RULES)).othersOnCall).toEqual(
      unknown('another account of the same person, U0B, could not be looked up'),
    );
  });

  test('are unknown while PagerDuty does not answer for one', async () => {
    shifts.set('U0A', known([anEntry()])).set('U0B', unknown('PagerDuty did not answer'));
    expect((await gather(RULES)).othersOnCall).toEqual(unknown('PagerDuty did not answer'));
  });

  test('are looked up even if PagerDuty does not say whether it knows them', async () => {
    silent.add('at PagerDuty U0A');
    shifts.set('U0A', known([anEntry()]));
    expect((await gather(RULES)).othersOnCall).toEqual(known([anEntry()]));
  });
});

describe('an incident', () => {
  test.each([
    ['where a rule turns on it, as asked', { rules: [allow(inIncident())] }, 'decision'],
    ['where access ends with it, as asked', { ends: { withShift: null, withIncident: HOUR } }, 'decision'],
    ['where it is only shown, as for a preview', {}, 'preview'],
  ] as const)('is looked up for %s', async (_where, role, purpose) => {
    expect((await gather(role, { incidentId: 'PINC' })).incident).toEqual(known(anOutage()));
    expect(asked.incident).toEqual([['PINC', purpose]]);
  });

  test('that nobody named is null', async () => {
    expect((await gather({ rules: [allow(inIncident())] })).incident).toBeNull();
    expect(asked.incident).toBeUndefined();
  });
});

describe('groups', () => {
  const rules = [allow(memberOf('S0A', 'U0BEN')), deny(memberOf('S0B'))];

  test('are those that the rules name, each with the person’s membership', async () => {
    groups.set('S0A', known(new Set(['U0ANA']))).set('S0B', known(new Set(['U0BEN'])));
    expect((await gather({ rules }, {}, 'check')).groups).toEqual({ S0A: known(true), S0B: known(false) });
    expect(asked.groups).toEqual([[['S0A', 'S0B'], 'check']]);
  });

  test('that cannot be read are unknown', async () => {
    groups.set('S0A', known(new Set(['U0ANA'])));
    expect((await gather({ rules })).groups).toEqual({ S0A: known(true), S0B: NO_ANSWER });
  });

  test('that only another account is in are unknown', async () => {
    samePerson = [['U0ANA', 'U0A', 'U0B']];
    for (const id of ['U0A', 'U0B']) people.set(id, account(id));
    groups.set('S0A', known(new Set(['U0B']))).set('S0B', known(new Set(['U0ANA', 'U0B'])));
    expect((await gather({ rules })).groups).toEqual({
      S0A: unknown('another account of the same person, U0B, is a member of user group S0A'),
      S0B: known(true),
    });
  });
});

describe('other accounts', () => {
  test('are those listed, those seen in the ledger, and the address’s mailbox owner', async () => {
    samePerson = [['U0ANA', 'U0LISTED']];
    seen = ['U0SEEN', 'U0LISTED'];
    people.set('U0OWNER', account('U0OWNER', 'ana@harbor.example'));
    const person = { ...ANA, email: 'ana+x@harbor.example' };
    people.set('U0ANA', person);
    expect((await gather({}, { person })).otherAccounts).toEqual(['U0LISTED', 'U0OWNER', 'U0SEEN']);
    expect(asked.email).toEqual([['ana@harbor.example']]);
  });

  test('are not looked up by an address that is a mailbox', async () => {
    people.set('U0OTHER', account('U0OTHER', 'ana@harbor.example'));
    expect(await gather()).not.toHaveProperty('otherAccounts');
    expect(asked.email).toBeUndefined();
  });

  test('are none if nobody has the mailbox', async () => {
    const person = { ...ANA, email: 'ana+x@harbor.example' };
    people.set('U0ANA', person);
    expect(await gather({}, { person })).not.toHaveProperty('otherAccounts');
  });
});

describe('the history', () => {
  const LIMITS = {
    limits: [
      aLimit({ automatic: { max: 1, per: 24 * HOUR } }),
      aLimit({ resources: ['web'], coolDown: 2 * HOUR, holders: 3 }),
    ],
  };

  test('is read for the human, as far back as limits look, without the request', async () => {
    samePerson = [['U0ANA', 'U0A']];
    people.set('U0A', account('U0A'));
    await gather(LIMITS, { requestId: 'R7' });
    const human: Human = {
      accounts: ['U0ANA', 'U0A'],
      mailboxes: ['ana@harbor.example', 'u0a@harbor.example'],
    };
    const question: HistoryQuestion = {
      human,
      since: NOON - 24 * HOUR,
      resources: ['db', 'web'],
      exceptRequest: 'R7',
    };
    expect(asked.history).toEqual([[question]]);
  });

  test('of a request counts later approvals, of a start only earlier ones', async () => {
    const at = (when: number) => ({ role: 'db/read', at: when });
    past = { automatic: [at(NOON - 1), at(NOON), at(NOON + 1)], denials: [at(NOON)], holders: [] };
    expect((await gather(LIMITS)).history).toEqual(known({ ...past, automatic: past.automatic }));
    expect((await gather(LIMITS, { requestId: 'R7' })).history).toEqual(
      known({ ...past, automatic: [at(NOON - 1), at(NOON)] }),
    );
  });

  test('has one id per human, whichever accounts hold access', async () => {
    samePerson = [['U0BEN', 'U0ROOT']];
    const by = (slackId: string, email: string) => ({ role: 'db/read', person: { slackId, email } });
    past = {
      automatic: [],
      denials: [],
      holders: [
        by('U0BEN', 'ben@harbor.example'),
        by('U0ROOT', 'root@harbor.example'),
        by('U0SHARED', 'root+x@harbor.example'),
        by('U0OLD', 'ana+old@harbor.example'),
        by('U0EVE', 'eve@harbor.example'),
      ],
    };
    const { history } = await gather(LIMITS);
    expect(history?.known && history.value.holders).toEqual([
      { role: 'db/read', personId: 'U0BEN' },
      { role: 'db/read', personId: 'U0BEN' },
      { role: 'db/read', personId: 'U0BEN' },
      { role: 'db/read', personId: 'U0ANA' },
      { role: 'db/read', personId: 'U0EVE' },
    ]);
  });

  test('is unknown while one of their accounts cannot be looked up', async () => {
    samePerson = [['U0ANA', 'U0A']];
    silent.add('U0A');
    expect((await gather(LIMITS)).history).toEqual(
      unknown('another account of the same person, U0A, could not be looked up'),
    );
    expect(asked.history).toBeUndefined();
  });
});

describe('a ledger that cannot be read', () => {
  test('is reported, and the rest is gathered', async () => {
    broken = new Set(['history', 'record', 'activity']);
    shifts.set('U0ANA', known([anEntry()]));
    expect(await gather({ limits: [aLimit({ holders: 1 })], rules: [allow(onCall())] })).toMatchObject({
      onCall: known([anEntry()]),
      history: unknown('what was granted before could not be read'),
      removals: unknown('what owners removed could not be read'),
      signals: unknown('whether this is unusual could not be looked up'),
    });
  });
});

test('over many roles, a person’s past is read once, for each resource separately', async () => {
  const [look, source] = [{}, aSource()];
  const there = await gather({ resourceId: 'db' }, { look }, 'preview', source);
  const elsewhere = await gather({ resourceId: 'queue' }, { look }, 'preview', source);
  expect(asked.activity).toEqual([[['U0ANA'], 'anywhere', clock.now()]]);
  expect(there.signals).toEqual(known([]));
  expect(elsewhere.signals).toMatchObject({ known: true, value: [{ kind: 'first_time' }] });
});

test('over many roles, a past that cannot be read is unknown for all of them', async () => {
  broken.add('activity');
  const [look, source] = [{}, aSource()];
  for (const resourceId of ['db', 'queue']) {
    const { signals } = await gather({ resourceId }, { look }, 'preview', source);
    expect(signals).toMatchObject({ known: false });
  }
});

test('signals are looked up for every account of the human, at the resource', async () => {
  seen = ['U0SEEN'];
  await gather({ resourceId: 'web' });
  expect(asked.activity).toEqual([[['U0ANA', 'U0SEEN'], 'web', NOON]]);
});

describe('a policy engine', () => {
  const opa = { kind: 'wasm', file: 'x', entrypoint: null } as const;

  test('gets all the evidence', async () => {
    samePerson = [['U0ANA', 'U0A']];
    people.set('U0A', account('U0A'));
    shifts.set('U0ANA', known([anEntry()]));
    const about = { incidentId: 'PINC', duration: 20 * MINUTE, reason: 'it is slow' };
    expect((await gather({ opa }, about)).opa).toMatchObject(known({ decision: 'allow' }));
    const question: OpaQuestion = {
      at: NOON,
      person: ANA,
      otherAccounts: ['U0A'],
      role: 'db/read',
      duration: 20 * MINUTE,
      reason: 'it is slow',
      onCall: known([anEntry()]),
      incident: known(anOutage()),
    };
    expect(asked.engine).toEqual([[opa, question]]);
  });

  test('gets the start that the request is for', async () => {
    await gather({ opa }, { at: NOON + HOUR });
    expect(asked.engine).toMatchObject([[opa, { at: NOON + HOUR, incident: null }]]);
  });

  test('is not asked if the role has none', async () => {
    expect((await gather({ rules: [allow(onCall())] })).opa).toBeNull();
    expect(asked.engine).toBeUndefined();
  });
});
