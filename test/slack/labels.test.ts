/** What is chosen can be told apart from everything else that is offered. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { roleOptions } from '../../src/slack/features/request/modal.ts';
import { chosenRole } from '../../src/slack/features/request/values.ts';
import { distinct, resourceLabels, roleLabels } from '../../src/slack/kit/labels.ts';
import { aPolicy, aResource, aRole } from '../support/domain.ts';

const texts = (policy: ReturnType<typeof aPolicy>) => roleOptions(policy, '').map(({ text }) => text.text);

test('two resources of one name are told apart by their ids', () => {
  const read = aRole({ id: 'read', name: 'read' });
  const policy = aPolicy(aResource('db-eu', 'Database', [read]), aResource('db-us', 'Database', [read]));
  expect(texts(policy)).toEqual(['Database (read) (db-eu/read)', 'Database (read) (db-us/read)']);
  expect([...resourceLabels(policy).values()]).toEqual(['Database (db-eu)', 'Database (db-us)']);
  expect(chosenRole(policy, 'db-us/read')?.label).toBe('Database (read) (db-us/read)');
});

test('a long resource name leaves the role readable', () => {
  const name = 'Production replica of the payments ledger for the European region, second site';
  const roles = ['read', 'write', 'admin'].map((id) => aRole({ id, name: id }));
  const shown = texts(aPolicy(aResource('db', name, roles)));
  expect(shown.map((text) => text.slice(text.lastIndexOf(' (')))).toEqual([' (read)', ' (write)', ' (admin)']);
  for (const text of shown) expect(text.length).toBeLessThanOrEqual(75);
});

test('a name that differs in invisible marks counts as the same name', () => {
  const read = aRole({ id: 'read', name: 'read' });
  const shown = texts(aPolicy(aResource('a', 'Database', [read]), aResource('b', 'Data\u200bbase\u202e', [read])));
  expect(shown).toEqual(['Database (read) (a/read)', 'Database (read) (b/read)']);
});

test('whatever things are called, no two choices read the same', () => {
  const name = fc.oneof(
    fc.constantFrom('Database', 'database', 'x'.repeat(90), `${'x'.repeat(90)}y`, '🧯'.repeat(60), ' '),
    fc.string({ minLength: 1, maxLength: 120 }),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(name, fc.array(name, { minLength: 1, maxLength: 4 })), { maxLength: 12 }), (all) => {
      const resources = all.map(([called, roles], index) =>
        aResource(
          `${'long-id-'.repeat(8)}${index}`,
          called,
          roles.map((role, at) => aRole({ id: `role${at}`, name: role, resourceId: `r${index}` })),
        ),
      );
      const shown = [...roleLabels(aPolicy(...resources)).values()];
      expect(new Set(shown.map((text) => text.toLowerCase())).size).toBe(shown.length);
      for (const text of shown) expect(text.length).toBeLessThanOrEqual(75);
    }),
    { numRuns: 200 },
  );
});

test('narrower roles of one name are told apart by their ids', () => {
  const names = distinct([
    { id: 'db/read', label: 'read' },
    { id: 'db/read-eu', label: 'read' },
    { id: 'db/admin', label: 'admin (as asked)' },
  ]);
  expect([...names.values()]).toEqual(['read (db/read)', 'read (db/read-eu)', 'admin (as asked)']);
});
