/** Google's own clients, with a workload identity, against an API written from its published description. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { googleIam } from '../../src/provisioners/google/iam.ts';
import { type FakeGoogle, startGoogle } from '../support/google.ts';
import type { Changed, Changes } from './changes.ts';
import { accessOf, BEN, describeContract, type Harness, inAnHour, newGrantId, useForTests } from './contract.ts';

const use = useForTests();
const folder = mkdtempSync(join(tmpdir(), 'jitbot-google-'));
const credentials = join(folder, 'credentials.json');
const ROLE = googleIam.roleSchema.parse({ roles: ['roles/cloudsql.viewer'] });
/** What Ben is called after his address has changed. */
const RENAMED = 'ben.adeyemi@harbor.example';
let google: FakeGoogle;
let iam: Harness;
let id: string;

function changesOfPolicy(): Changes {
  /** Two who have the role by other ways. */
  const beside = (undo: () => void): Changed => {
    const others = [BEN.email, 'eve@harbor.example'].map((one) => ({
      role: 'roles/cloudsql.viewer',
      members: [`user:${one}`],
      condition: { title: `standing ${one}`, expression: 'true' },
    }));
    const isOther = ({ condition }: { condition?: { title: string } }) => condition?.title.startsWith('standing');
    google.policy.bindings.push(...others);
    return {
      undo: () => {
        google.policy.bindings = google.policy.bindings.filter((one) => !isOther(one));
        undo();
      },
      others: () => structuredClone(google.policy.bindings.filter(isOther)),
    };
  };
  const without = (permission: string) => ({
    how: `without ${permission}`,
    act: () => {
      google.permissions.delete(permission);
      return beside(() => google.permissions.add(permission));
    },
  });
  const answering = (instead: unknown) => ({
    how: `answering ${JSON.stringify(instead)}`,
    act: () => {
      google.instead = instead;
      return beside(() => {
        google.instead = undefined;
      });
    },
  });
  return {
    renamePerson: [
      {
        how: 'the address of their account changes',
        act: () => {
          google.rename(BEN.email, RENAMED);
          return beside(() => google.rename(RENAMED, BEN.email));
        },
      },
    ],
    renameContainer: 'the id of a project never changes, and is never given to another project',
    moveTarget: [
      {
        how: 'the project is shut down, and can be restored with its policy',
        act: () => {
          google.isShutDown = true;
          return beside(() => {
            google.isShutDown = false;
          });
        },
      },
    ],
    blind: [
      without('resourcemanager.projects.getIamPolicy'),
      without('resourcemanager.projects.setIamPolicy'),
      ...[null, {}, { bindings: [] }, { etag: 'x', bindings: 'none' }, { etag: 'x', bindings: [{ members: [] }] }].map(
        answering,
      ),
    ],
  };
}

beforeAll(async () => {
  google = await startGoogle();
  writeFileSync(join(folder, 'subject'), 'a token of the machine that the bot runs on');
  writeFileSync(
    credentials,
    JSON.stringify({
      type: 'external_account',
      audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/x',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: `${google.url}/token`,
      credential_source: { file: join(folder, 'subject') },
    }),
  );
  const breaks = {
    breakTarget: () => {
      google.down = true;
    },
    mendTarget: () => {
      google.down = false;
    },
  };
  iam = {
    connection: googleIam.connect(
      googleIam.targetSchema.parse({ kind: 'google_iam', project: 'harbor-prod', credentials, endpoint: google.url }),
      use,
    ),
    role: ROLE,
    reallyHas: async (grantId) =>
      google.policy.bindings.some(
        ({ role, members, condition }) =>
          role === 'roles/cloudsql.viewer' &&
          [BEN.email, RENAMED].some((account) => members.includes(`user:${account}`)) &&
          condition?.title === `jitbot ${grantId}`,
      ),
    ...breaks,
    endOf: async (grantId) => {
      const mine = google.policy.bindings.filter(({ condition }) => condition?.title === `jitbot ${grantId}`);
      const [end] = mine.map(({ condition }) => /"(.*)"/.exec(condition?.expression ?? '')?.[1]);
      return end === undefined ? null : Date.parse(end);
    },
    changes: changesOfPolicy(),
    wire: google.wire,
  };
});
afterAll(async () => {
  await iam.connection.close();
  await google.close();
  use.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  id = newGrantId();
  google.policy.bindings = [];
});
describeContract('google_iam', () => iam);

describe('Cloud IAM', () => {
  const grant = (role = ROLE, until = inAnHour()) => iam.connection.grant(accessOf(role, id), until);

  test('each binding ends by its own condition on time, which an extension moves', async () => {
    await grant(ROLE, Date.UTC(2026, 0, 15, 13));
    const expression = () => google.policy.bindings.map(({ condition }) => condition?.expression);
    expect(expression()).toEqual(['request.time < timestamp("2026-01-15T13:00:00.000Z")']);
    await grant(ROLE, Date.UTC(2026, 0, 15, 14));
    expect(expression()).toEqual(['request.time < timestamp("2026-01-15T14:00:00.000Z")']);
  });

  test('it can be narrowed to some resources', async () => {
    const only = 'resource.name.startsWith("projects/_/buckets/logs")';
    await grant(googleIam.roleSchema.parse({ roles: ['roles/storage.objectViewer'], only }), Date.UTC(2026, 0, 15, 13));
    expect(google.policy.bindings[0]?.condition?.expression).toBe(
      `request.time < timestamp("2026-01-15T13:00:00.000Z") && (${only})`,
    );
  });

  test('what somebody else changes meanwhile is not written over', async () => {
    let once = true;
    google.beforeWrite = () => {
      if (!once) return;
      once = false;
      google.policy.bindings.push({ role: 'roles/viewer', members: ['user:eve@harbor.example'] });
      google.policy.etag = 'changed';
    };
    await grant();
    google.beforeWrite = () => undefined;
    expect(google.policy.bindings.map(({ role }) => role)).toEqual(['roles/viewer', 'roles/cloudsql.viewer']);
  });

  test('standing access is listed, taken away on its own, and not with a grant', async () => {
    google.policy.bindings.push({
      role: 'roles/cloudsql.viewer',
      members: [`user:${BEN.email}`, 'user:eve@harbor.example'],
    });
    await grant();
    await iam.connection.revoke(accessOf(ROLE, id));
    const holding = (account: string) => ({ account, role: 'payments-db/read', grantId: null });
    const list = () => iam.connection.list?.([{ roleKey: 'payments-db/read', role: ROLE }]);
    expect(await list()).toEqual([holding(BEN.email), holding('eve@harbor.example')]);
    await iam.connection.remove?.(holding('eve@harbor.example'), ROLE);
    expect(await list()).toEqual([holding(BEN.email)]);
  });

  describe('of a role that gives two', () => {
    const TWO = googleIam.roleSchema.parse({ roles: ['roles/cloudsql.viewer', 'roles/logging.viewer'] });
    const bind = (
      role: string,
      member: string,
      condition?: { title: string; description?: string; expression: string },
    ) => void google.policy.bindings.push({ role, members: [member], ...(condition && { condition }) });
    const list = (...roles: (typeof ROLE)[]) =>
      iam.connection.list?.(
        roles.map((role, index) => ({ roleKey: ['payments-db/read', 'payments-db/two'][index] ?? '', role })),
      );
    const held = (account: string, grantId: string | null, role = 'payments-db/read') => ({ account, role, grantId });

    test('each is bound by itself, and all of it is gone afterwards', async () => {
      await grant(TWO);
      expect(google.policy.bindings.map(({ role, members, condition }) => [role, members, condition?.title])).toEqual(
        TWO.roles.map((role) => [role, [`user:${BEN.email}`], `jitbot ${id}`]),
      );
      expect(await list(TWO)).toEqual([held(BEN.email, id)]);
      await iam.connection.revoke(accessOf(TWO, id));
      expect(google.policy.bindings).toEqual([]);
    });

    test('only who has both has it for good, and neither groups nor programs are people', async () => {
      for (const role of TWO.roles) {
        bind(role, 'user:eve@harbor.example');
        bind(role, 'group:all@harbor.example');
        bind(role, 'serviceAccount:robot@harbor.example');
      }
      bind('roles/cloudsql.viewer', 'user:ana@harbor.example');
      bind('roles/owner', 'user:zoe@harbor.example');
      expect(await list(TWO)).toEqual([held('eve@harbor.example', null)]);
      await iam.connection.remove?.(held('Eve@harbor.example', null), TWO);
      expect(await list(TWO)).toEqual([]);
      expect(await list(ROLE)).toEqual([held('ana@harbor.example', null)]);
      expect(google.policy.bindings.map(({ members }) => members)).not.toContainEqual([]);
    });

    test('a binding belongs to its own role, where two roles give the same', async () => {
      await iam.connection.grant({ ...accessOf(ROLE, id), roleKey: 'payments-db/two' }, inAnHour());
      expect(await list(ROLE, ROLE)).toEqual([held(BEN.email, id, 'payments-db/two')]);
      // Of a role that is not there any more it is listed by what it gives.
      expect(await list(ROLE)).toEqual([held(BEN.email, id)]);
      expect(await list(googleIam.roleSchema.parse({ roles: ['roles/logging.viewer'] }))).toEqual([]);
    });

    test('an unknown grant’s title can be taken away by that grant alone', async () => {
      bind('roles/cloudsql.viewer', `user:${BEN.email}`, { title: 'jitbot GOLD', expression: 'true' });
      bind('roles/cloudsql.viewer', `user:${BEN.email}`, { title: 'jitbot GOLDER', expression: 'true' });
      bind('roles/cloudsql.viewer', `user:${BEN.email}`, { title: 'not jitbot GOLD', expression: 'true' });
      expect(await list(ROLE)).toEqual([held(BEN.email, 'GOLD'), held(BEN.email, 'GOLDER'), held(BEN.email, null)]);
      await expect(iam.connection.remove?.(held(BEN.email, null), null)).rejects.toThrow(
        'no longer in the policy file',
      );
      await iam.connection.remove?.(held(BEN.email, 'GOLD'), null);
      expect(await list(ROLE)).toEqual([held(BEN.email, 'GOLDER'), held(BEN.email, null)]);
      await iam.connection.remove?.(held(BEN.email, null), ROLE);
      expect(await list(ROLE)).toEqual([held(BEN.email, 'GOLDER')]);
    });

    test('nothing is written where there is nothing to take away', async () => {
      bind('roles/cloudsql.viewer', 'user:eve@harbor.example');
      let writes = 0;
      google.beforeWrite = () => {
        writes += 1;
      };
      await iam.connection.remove?.(held(BEN.email, null), ROLE);
      await iam.connection.remove?.(held(BEN.email, 'GOLD'), ROLE);
      await iam.connection.revoke(accessOf(ROLE, id));
      google.beforeWrite = () => undefined;
      expect(writes).toBe(0);
    });
  });

  test.each([
    [4, true],
    [5, false],
  ])('somebody who was faster %i times in a row: it is written in the end: %s', async (times, isWritten) => {
    let left = times;
    google.beforeWrite = () => {
      if (left > 0) google.policy.etag = `theirs-${left}`;
      left -= 1;
    };
    const done = await grant().then(
      () => true,
      (error: Error) => !/concurrent policy changes/.test(error.message) && error,
    );
    google.beforeWrite = () => undefined;
    expect(done).toBe(isWritten);
    expect(await iam.reallyHas(id)).toBe(isWritten);
  });

  test('two grants that are given at the same time are both there', async () => {
    const ids = [newGrantId(), newGrantId(), newGrantId()];
    await Promise.all(ids.map((one) => iam.connection.grant(accessOf(ROLE, one), inAnHour())));
    expect(google.policy.bindings.map(({ condition }) => condition?.title).toSorted()).toEqual(
      ids.map((one) => `jitbot ${one}`).toSorted(),
    );
  });

  test('owner, editor and viewer are refused in the policy file: they would not expire', () => {
    expect(googleIam.roleSchema.safeParse({ roles: ['roles/editor'] }).error?.message).toContain('would not expire');
  });

  test('the doctor asks Google itself whether the rights are there', async () => {
    google.permissions.delete('resourcemanager.projects.setIamPolicy');
    const findings = await iam.connection.check([]);
    google.permissions.add('resourcemanager.projects.setIamPolicy');
    expect(findings.map(({ ok }) => ok)).toEqual([true, false]);
  });
});
