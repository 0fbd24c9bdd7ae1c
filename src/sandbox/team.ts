/** A believable team: who they are at Slack and at PagerDuty. */

import type { Account } from './pagerduty/account.ts';
import type { WorkspaceData } from './slack/workspace.ts';

const HOUR = 3_600_000;

export const WORKSPACE: WorkspaceData = {
  team: { id: 'T0HARBOR', name: 'Harbor Payments', domain: 'harborpay' },
  app: { id: 'A0JITBOT', name: 'jit', botUserId: 'U0JIT', botId: 'B0JIT' },
  users: [
    { id: 'U0JIT', name: 'jit', realName: 'jit', email: '', timeZone: 'UTC', kind: 'bot' },
    {
      id: 'U0ANA',
      name: 'ana',
      realName: 'Ana Kovač',
      email: 'ana@harbor.example',
      timeZone: 'Europe/Zagreb',
      kind: 'member',
    },
    {
      id: 'U0BEN',
      name: 'ben',
      realName: 'Ben Okafor',
      email: 'ben@harbor.example',
      timeZone: 'Europe/London',
      kind: 'member',
    },
    {
      id: 'U0CHLOE',
      name: 'chloe',
      realName: 'Chloé Martin',
      email: 'chloe@harbor.example',
      timeZone: 'Europe/Paris',
      kind: 'member',
    },
    {
      id: 'U0DEV',
      name: 'dev',
      realName: 'Dev Patel',
      email: 'dev@harbor.example',
      timeZone: 'America/New_York',
      kind: 'member',
    },
    {
      id: 'U0EVE',
      name: 'eve',
      realName: 'Eve Lindqvist',
      email: 'eve@harbor.example',
      timeZone: 'Europe/Stockholm',
      kind: 'member',
    },
    {
      id: 'U0FARID',
      name: 'farid',
      realName: 'Farid (agency)',
      email: 'farid@agency.example',
      timeZone: 'Europe/Berlin',
      kind: 'guest',
    },
    {
      id: 'U0GRACE',
      name: 'grace',
      realName: 'Grace Hall',
      email: 'grace@harbor.example',
      timeZone: 'Europe/London',
      kind: 'deactivated',
    },
    {
      id: 'U0HUGO',
      name: 'hugo',
      realName: 'Hugo (partner)',
      email: 'hugo@partner.example',
      timeZone: 'Europe/Madrid',
      kind: 'external',
    },
  ],
  groups: [
    { id: 'S0ENGINEERS', handle: 'engineers', members: ['U0ANA', 'U0BEN', 'U0CHLOE', 'U0DEV', 'U0EVE', 'U0GRACE'] },
    { id: 'S0PAYLEADS', handle: 'payments-leads', members: ['U0CHLOE', 'U0GRACE'] },
    { id: 'S0DBA', handle: 'dba', members: ['U0DEV', 'U0EVE'] },
    { id: 'S0SRE', handle: 'sre', members: ['U0BEN', 'U0DEV'] },
    { id: 'S0SECURITY', handle: 'security', members: ['U0EVE'] },
  ],
  channels: [
    {
      id: 'C0GENERAL',
      name: 'general',
      isPrivate: false,
      members: ['U0ANA', 'U0BEN', 'U0CHLOE', 'U0DEV', 'U0EVE', 'U0FARID', 'U0HUGO', 'U0JIT'],
    },
    {
      id: 'C0INCIDENTS',
      name: 'incidents',
      isPrivate: false,
      members: ['U0ANA', 'U0BEN', 'U0CHLOE', 'U0DEV', 'U0EVE', 'U0JIT'],
    },
    {
      id: 'C0ACCESS',
      name: 'access-requests',
      isPrivate: false,
      members: ['U0ANA', 'U0BEN', 'U0CHLOE', 'U0DEV', 'U0EVE', 'U0JIT'],
    },
    { id: 'C0AUDIT', name: 'access-audit', isPrivate: true, members: ['U0EVE', 'U0CHLOE', 'U0JIT'] },
  ],
};

const PD_USERS: Account['users'] = [
  { id: 'PANA', name: 'Ana Kovač', email: 'ana@harbor.example' },
  { id: 'PBEN', name: 'Ben Okafor', email: 'ben@harbor.example' },
  { id: 'PCHLOE', name: 'Chloé Martin', email: 'chloe@harbor.example' },
  { id: 'PDEV', name: 'Dev Patel', email: 'Dev@Harbor.example' },
  { id: 'PEVE', name: 'Eve Lindqvist', email: 'eve@harbor.example' },
  { id: 'PFAY', name: 'Fay Moreau', email: 'fay@harbor.example' },
  // The real search is fuzzy, so a namesake must not be taken for Ana.
  { id: 'PANA2', name: 'Ana Kovač', email: 'ana.kovac@harbor.example' },
];

/** Ana has been on call for two hours of her twelve, with Dev behind her; checkout is slow. */
export function pagerDutyAccount(now: number): Account {
  const start = now - 2 * HOUR;
  return {
    users: PD_USERS.map((user) => ({ ...user })),
    schedules: [
      {
        id: 'PSPAY1',
        name: 'Payments primary',
        rotation: ['PANA', 'PDEV'],
        rotationStart: start,
        turnMs: 12 * HOUR,
        overrides: [],
      },
      {
        id: 'PSPAY2',
        name: 'Payments secondary',
        rotation: ['PDEV', 'PANA'],
        rotationStart: start,
        turnMs: 12 * HOUR,
        overrides: [],
      },
      // Shift-based, as PagerDuty makes them now.
      {
        id: 'PSSEARCH',
        name: 'Search',
        rotation: ['PFAY'],
        rotationStart: start,
        turnMs: 12 * HOUR,
        overrides: [],
        customShifts: [],
      },
    ],
    escalationPolicies: [
      {
        id: 'PPAYMENTS',
        name: 'Payments',
        levels: [
          [{ type: 'schedule', id: 'PSPAY1' }],
          [{ type: 'schedule', id: 'PSPAY2' }],
          [{ type: 'user', id: 'PCHLOE' }],
        ],
      },
      { id: 'PPLATFORM', name: 'Platform', levels: [[{ type: 'user', id: 'PEVE' }]] },
      { id: 'PSEARCHERS', name: 'Search', levels: [[{ type: 'schedule', id: 'PSSEARCH' }]] },
    ],
    services: [
      { id: 'PCHECKOUT', name: 'Checkout', escalationPolicy: 'PPAYMENTS' },
      { id: 'PSECURITY', name: 'Security', escalationPolicy: 'PPLATFORM' },
      { id: 'PSEARCH', name: 'Search', escalationPolicy: 'PSEARCHERS' },
    ],
    incidents: [
      {
        id: 'PINC4711',
        number: 4711,
        title: 'Checkout latency above 4 s',
        status: 'triggered',
        urgency: 'high',
        service: 'PCHECKOUT',
        assignees: ['PANA'],
        createdAt: now - 10 * 60_000,
        notes: [],
      },
    ],
  };
}

/** What the databases hold, as the superuser makes it. The bot's own login is no superuser. */
export const DATABASE_SETUP = {
  postgres: [
    'CREATE ROLE payments_read NOLOGIN',
    'CREATE ROLE payments_admin NOLOGIN',
    'CREATE ROLE orders_read NOLOGIN',
    "CREATE ROLE jitbot LOGIN CREATEROLE PASSWORD 'jitbot-sandbox'",
    'GRANT payments_read, payments_admin, orders_read TO jitbot WITH ADMIN OPTION',
    'GRANT pg_signal_backend, pg_use_reserved_connections TO jitbot',
    'ALTER ROLE jitbot SET search_path = pg_catalog, pg_temp',
    'CREATE ROLE jitbot_leftovers NOLOGIN',
    'GRANT jitbot_leftovers TO jitbot WITH ADMIN OPTION',
    "CREATE ROLE ben LOGIN PASSWORD 'ben-sandbox'",
    "CREATE ROLE ana LOGIN PASSWORD 'ana-sandbox'",
    'CREATE DATABASE payments',
    'CREATE DATABASE orders',
  ],
  payments: [
    'CREATE TABLE payments (id int PRIMARY KEY, amount_cents int NOT NULL, status text NOT NULL)',
    "INSERT INTO payments VALUES (1, 4200, 'settled'), (2, 1999, 'stuck'), (3, 75000, 'stuck')",
    'GRANT SELECT ON payments TO payments_read',
    'GRANT ALL ON payments TO payments_admin',
    'GRANT CREATE ON SCHEMA public TO payments_admin, jitbot_leftovers',
  ],
  orders: [
    'CREATE TABLE orders (id int PRIMARY KEY, customer text NOT NULL)',
    "INSERT INTO orders VALUES (1, 'Lovelace'), (2, 'Hopper')",
    'GRANT SELECT ON orders TO orders_read',
  ],
} as const;
