import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { localModule } from '../../src/provisioners/module/provisioner.ts';
import { useForTests } from '../provisioners/contract.ts';
import { describeOwnHolder } from './own/holder.ts';

/** A module that asks the team's system, and throws where that gives no answer. */
const folder = mkdtempSync(join(tmpdir(), 'jitbot-own-'));
const path = join(folder, 'access.mjs');
writeFileSync(
  path,
  `export default ({ z }) => ({
  configSchema: z.object({ url: z.string() }),
  roleSchema: z.looseObject({}),
  connect: ({ url }) => {
    const ask = async (action, { grantId, id, person }) => {
      const body = JSON.stringify({ action, grant_id: grantId, person, ...(id && { id }) });
      const response = await fetch(url, { method: 'POST', body });
      if (response.status !== 200) throw new Error(await response.text() + ' (answered with ' + response.status + ')');
      const answer = await response.json();
      if (id && answer.id && answer.id !== id) throw new Error('something that is not about ' + id);
      return answer;
    };
    return {
      grant: async (one) => { const { id, account } = await ask('grant', one); return { account: account || one.person.email, id }; },
      revoke: async (one) => { const { active, left } = await ask('revoke', one); if (active) throw new Error('still there'); return { left: left ?? [] }; },
      isActive: async (one) => (await ask('status', one)).active,
      check: async () => [],
      close: async () => undefined,
    };
  },
});
`,
);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describeOwnHolder('module', { rounds: 40, pastes: false }, (url) => {
  const use = useForTests();
  return { connection: localModule.connect({ kind: 'module', path, config: { url } }, use), close: use.close };
});
