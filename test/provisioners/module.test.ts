/** The example of the docs, as a team would use it, against the service it was written for. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { parsePolicy } from '../../src/config/policyFile.ts';
import { guarded } from '../../src/provisioners/module/guarded.ts';
import { localModule } from '../../src/provisioners/module/provisioner.ts';
import type { Connection } from '../../src/provisioners/provisioner.ts';
import { PROVISIONERS } from '../../src/provisioners/registry.ts';
import { startVpn, type Vpn } from '../support/vpn.ts';
import type { Changed, Changes } from './changes.ts';
import { accessOf, BEN, describeContract, type Harness, inAnHour, newGrantId, useForTests } from './contract.ts';

const EXAMPLES = fileURLToPath(new URL('../../docs/targets/examples', import.meta.url));
const use = useForTests({ polling: { every: 5, until: 100 } });
let vpn: Vpn;
let harness: Harness;

function changesOfVpn(): Changes {
  /** Two others in it, and the person in another network. */
  const beside = (undo: () => void): Changed => {
    const others = ['net-1 person-2', 'net-1 person-3', 'net-2 person-1'];
    vpn.people.set('person-3', 'ana@harbor.example');
    for (const one of others) vpn.members.add(one);
    return {
      undo: () => {
        undo();
        for (const one of others) vpn.members.delete(one);
        vpn.people.delete('person-3');
      },
      others: () => others.map((one) => vpn.members.has(one)),
    };
  };
  const names = (known: Map<string, string>, now: Record<string, string>) => {
    const before = [...known];
    for (const [id, name] of Object.entries(now)) known.set(id, name);
    return beside(() => {
      known.clear();
      for (const [id, name] of before) known.set(id, name);
    });
  };
  return {
    renamePerson: [
      {
        how: 'their address changes, and somebody else gets the old one',
        act: () => names(vpn.people, { 'person-1': 'ben.adeyemi@harbor.example', 'person-2': BEN.email }),
      },
    ],
    renameContainer: [
      {
        how: 'the network is renamed, and another one gets its name',
        act: () => names(vpn.networks, { 'net-1': 'old', 'net-2': 'production' }),
      },
    ],
    moveTarget: [
      {
        how: 'the network is on another VPN',
        act: () => {
          vpn.networks.delete('net-1');
          return beside(() => vpn.networks.set('net-1', 'production'));
        },
      },
    ],
    blind: [
      {
        how: 'with a token that is no longer good',
        act: () => {
          vpn.token = 'a new one';
          return beside(() => {
            vpn.token = 'vpn-token';
          });
        },
      },
      ...['GET', 'DELETE'].map((method) => ({
        how: `with a token that may not ${method}`,
        act: () => {
          vpn.denied.add(method);
          return beside(() => vpn.denied.delete(method));
        },
      })),
    ],
  };
}

const policyWith = (target: string, grants = '{ networks: [production] }') => `version: 1
slack: { audit_channel: C0AUDIT, approvals_channel: C0ACCESS }
resources:
  vpn:
    target: ${target}
    roles:
      use:
        grants: ${grants}
        duration: { max: 1h }
        rules: [{ ask: { reviewers: [U0CHLOE] } }]
`;
const parse = (source: string, folder = EXAMPLES) =>
  parsePolicy(source, PROVISIONERS, { VPN_TOKEN: 'vpn-token' }, { folder });
const issuesOf = (source: string, folder?: string) => {
  const result = parse(source, folder);
  return 'issues' in result ? result.issues.map(({ line, path, message }) => `${line} ${path}: ${message}`) : [];
};

beforeAll(async () => {
  vpn = await startVpn('vpn-token');
  const result = parse(
    policyWith(`{ kind: module, path: vpn.mjs, config: { url: "${vpn.url}", token: "\${VPN_TOKEN}" } }`),
  );
  if ('issues' in result) throw new Error(JSON.stringify(result.issues));
  const resource = result.policy.resources.get('vpn');
  harness = {
    connection: localModule.connect(resource?.target as Parameters<typeof localModule.connect>[0], use),
    role: resource?.roles.get('use')?.gives,
    reallyHas: async () => vpn.members.has('net-1 person-1'),
    welcome: async (email) => {
      vpn.people.set('person-9', email);
      return { has: async () => vpn.members.has('net-1 person-9'), leave: async () => vpn.people.delete('person-9') };
    },
    breakTarget: () => {
      vpn.down = true;
    },
    mendTarget: () => {
      vpn.down = false;
    },
    changes: changesOfVpn(),
    wire: vpn.wire,
  };
});
afterAll(async () => {
  await harness.connection.close();
  await vpn.close();
  use.close();
});

describeContract('module', () => harness);

describe('a local module', () => {
  test.each(['networks', 'people'] as const)('of two %s of one name, neither is taken for the other', async (what) => {
    const known = vpn[what];
    const access = accessOf({ networks: ['production'] }, newGrantId());
    known.set('a-namesake', what === 'people' ? BEN.email : 'production');
    await expect(harness.connection.grant(access, inAnHour())).rejects.toThrow(`has several ${what} called`);
    known.delete('a-namesake');
    expect([...vpn.members]).toEqual([]);
    await harness.connection.revoke(access);
  });

  test('its own schemas are checked with line and path, like those of every kind', () => {
    const target = '{ kind: module, path: vpn.mjs, config: { url: nowhere } }';
    expect(issuesOf(policyWith(target, '{ networks: [] }'))).toEqual([
      '5 resources.vpn.target.config.url: Invalid URL',
      '5 resources.vpn.target.config.token: expected string, but the field is missing',
      '8 resources.vpn.roles.use.grants.networks: Too small: expected array to have >=1 items',
    ]);
  });

  test('a secret in its configuration has to come from the environment', () => {
    const target = '{ kind: module, path: vpn.mjs, config: { url: "https://vpn.example", token: written-out } }';
    expect(issuesOf(policyWith(target))).toEqual([expect.stringContaining('a secret must not stand in this file')]);
  });

  test.each([
    ['that is not there', null, /missing\.mjs cannot be loaded: Cannot find module/],
    ['that is broken', 'export default (', /cannot be loaded/],
    ['without a default export', 'export const a = 1;', /no default export that is a function/],
    ['without schemas', 'export default () => ({ connect() {} });', /returns no configSchema/],
    [
      'that connects nothing',
      'export default ({ z }) => ({ configSchema: z.any(), roleSchema: z.any() });',
      /no function connect/,
    ],
  ])('one %s is named where the policy file names it', (_, source, problem) => {
    const folder = mkdtempSync(join(tmpdir(), 'jitbot-module-'));
    if (source !== null) writeFileSync(join(folder, 'missing.mjs'), source);
    const [issue] = issuesOf(policyWith('{ kind: module, path: missing.mjs }'), folder);
    rmSync(folder, { recursive: true });
    expect(issue).toMatch(/^5 resources\.vpn\.target\.path: /);
    expect(issue).toMatch(problem);
  });
});

describe('a local module that misbehaves', () => {
  const SHORT = 20;
  const one = () => accessOf({ networks: ['production'] }, newGrantId());
  const behaving: Connection<unknown> = {
    grant: async () => ({ account: 'ben' }),
    revoke: async () => undefined,
    isActive: async () => false,
    check: async () => [],
    close: async () => undefined,
  };
  // biome-ignore lint/suspicious/noExplicitAny: what JavaScript may give back, whatever the types say
  const odd = (more: any) => guarded('odd.mjs', { ...behaving, ...more }, use.ids, SHORT);
  const never = () => new Promise(() => undefined);

  test.each<[string, () => unknown]>([
    ['nothing', () => undefined],
    ['null', () => null],
    ['a word', () => 'false'],
    ['a number', () => 0],
    ['an object', () => ({ active: false })],
    ['nothing for ever', never],
    ['an error that is none', () => Promise.reject('no')],
  ])('answering %s to whether access is there does not count as no', async (_, isActive) => {
    await expect(odd({ isActive }).isActive(one())).rejects.toThrow();
  });

  test.each<[string, () => unknown]>([
    ['false', () => false],
    ['a word', () => 'later'],
    ['nothing for ever', never],
  ])('answering %s to a revoke does not count as ended', async (_, revoke) => {
    await expect(odd({ revoke }).revoke(one())).rejects.toThrow(/odd\.mjs/);
  });

  test.each<[string, () => unknown]>([
    ['nothing', () => undefined],
    ['no account', () => ({})],
    ['an id that is none', () => ({ account: 'ben', id: 7 })],
  ])('answering %s to a grant is a failure', async (_, grant) => {
    await expect(odd({ grant }).grant(one(), inAnHour())).rejects.toThrow(/odd\.mjs answered grant/);
  });

  test('a list with a hole in it is not a list', async () => {
    const list = async () => [{ account: 'ben', role: null, grantId: null }, { account: 'ana' }];
    await expect(odd({ list }).list?.([])).rejects.toThrow(/odd\.mjs answered list/);
  });

  test('while an abandoned grant goes on, its access is not said to be gone', async () => {
    const { promise, resolve } = Promise.withResolvers<{ account: string }>();
    const late = odd({ grant: () => promise });
    const access = one();
    await expect(late.grant(access, inAnHour())).rejects.toThrow(/no answer to grant within 0.02 s/);
    await expect(late.isActive(access)).rejects.toThrow(/still giving this access/);
    resolve({ account: 'ben' });
    await expect.poll(() => late.isActive(access)).toBe(false);
  });

  test('a grant that ended while it was asked may have come true since', async () => {
    const { promise: given, resolve: give } = Promise.withResolvers<{ account: string }>();
    const { promise: seen, resolve: see } = Promise.withResolvers<boolean>();
    const grant = vi.fn(() => given);
    const late = guarded('odd.mjs', { ...behaving, grant, isActive: () => seen }, use.ids);
    const access = one();
    const granted = late.grant(access, inAnHour());
    await vi.waitFor(() => expect(grant).toHaveBeenCalled());
    const asked = late.isActive(access);
    give({ account: 'ben' });
    await granted;
    see(false);
    await expect(asked).rejects.toThrow(/still giving this access/);
  });

  test('of two grants that run at once, both have to finish', async () => {
    const calls = [Promise.withResolvers<{ account: string }>(), Promise.withResolvers<{ account: string }>()];
    const [first, second] = calls;
    const grant = vi.fn(() => calls[grant.mock.calls.length - 1]?.promise);
    const late = odd({ grant });
    const access = one();
    for (const _ of calls) await expect(late.grant(access, inAnHour())).rejects.toThrow(/no answer to grant/);
    first?.resolve({ account: 'ben' });
    await new Promise(setImmediate);
    await expect(late.isActive(access)).rejects.toThrow(/still giving this access/);
    second?.resolve({ account: 'ben' });
    await expect.poll(() => late.isActive(access)).toBe(false);
  });

  test('what it made twice for a grant is asked about and taken back twice', async () => {
    const held = new Set<unknown>(['peer-1', 'peer-2']);
    const grant = vi.fn().mockResolvedValueOnce({ account: 'ben', id: 'peer-1' });
    const twice = odd({
      grant: grant.mockResolvedValueOnce({ account: 'ben', id: 'peer-2' }),
      revoke: async ({ id }: { id: unknown }) => void held.delete(id),
      isActive: async ({ id }: { id: unknown }) => held.has(id),
    });
    const access = one();
    await twice.grant(access, inAnHour());
    await expect(twice.grant(access, inAnHour())).rejects.toThrow(/the id peer-2; before, it was peer-1/);
    held.delete('peer-1');
    expect(await twice.isActive(access)).toBe(true);
    await twice.revoke(access);
    expect(held).toEqual(new Set());
  });

  test('it may tidy up and stamp, and make a secret by its own id', async () => {
    const seen: unknown[] = [];
    const able = odd({
      grant: async () => ({ account: 'ben', id: 'peer-7' }),
      tidy: async () => void seen.push('tidied'),
      stamp: async ({ grantId }: { grantId: string }) => void seen.push(grantId),
      issueCredential: async ({ id }: { id: unknown }) => {
        seen.push(id);
        return { account: 'ben', secret: 's', usage: '' };
      },
    });
    const access = one();
    await able.grant(access, inAnHour());
    await able.tidy?.();
    await able.stamp?.(access);
    await able.issueCredential?.(access, inAnHour());
    expect(seen).toEqual(['tidied', access.grantId, 'peer-7']);
  });

  test.each([
    [0, 0],
    [null, null],
    [3_600_000, 3_600_000],
    [undefined, undefined],
  ])('sessions that it says live on for %s do', (said, expected) => {
    expect(odd(said === undefined ? {} : { afterlife: said }).afterlife).toBe(expected);
  });

  test('one that throws instead of rejecting has failed, and leaves no timer', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const throws = odd({
      isActive: () => {
        throw new Error('down');
      },
    });
    await expect(throws.isActive(one())).rejects.toThrow('down');
    expect(vi.getTimerCount()).toBe(0);
  });

  test('what it names as left is named again, after a failed read-back', async () => {
    const left = [{ what: 'a key of ben', done: 'stays' }];
    const revoke = vi.fn().mockResolvedValueOnce({ left }).mockResolvedValueOnce(undefined);
    const access = one();
    expect(await odd({ revoke }).revoke(access)).toEqual({ left });
    expect(await odd({ revoke }).revoke(access)).toEqual({ left });
  });

  test('its own id comes back with the access, also after a restart', async () => {
    const seen: unknown[] = [];
    const make = () =>
      odd({
        grant: async () => ({ account: 'ben', id: 'peer-7' }),
        revoke: async (access: { id: unknown }) => void seen.push(access.id),
        isActive: async (access: { id: unknown }) => seen.push(access.id) === 0,
      });
    const access = one();
    await make().grant(access, inAnHour());
    await make().revoke(access);
    await make().isActive(access);
    expect(seen).toEqual(['peer-7', 'peer-7']);
  });

  test('its place is its file and its configuration, without secrets', () => {
    const placeOf = (config: unknown) =>
      localModule.placeOf({ kind: 'module', path: join(EXAMPLES, 'vpn.mjs'), config });
    const place = placeOf({ url: 'https://vpn.example', token: 'one' });
    expect(placeOf({ url: 'https://other.example', token: 'one' })).not.toBe(place);
    expect(placeOf({ token: 'two', url: 'https://vpn.example' })).toBe(place);
  });
});
