import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { command } from '../../src/provisioners/command/provisioner.ts';
import { useForTests } from '../provisioners/contract.ts';
import { describeOwnHolder } from './own/holder.ts';

/** A program that asks the team's system, and ends with 1 where that gives no answer. */
const folder = mkdtempSync(join(tmpdir(), 'jitbot-own-'));
const program = join(folder, 'access');
writeFileSync(
  program,
  `#!${process.execPath}
const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const response = await fetch(process.env.SERVICE, { method: 'POST', body: Buffer.concat(chunks) });
const text = await response.text();
if (response.status === 200) console.log(text);
else { console.error(text + ' (answered with ' + response.status + ')'); process.exitCode = 1; }
`,
);
chmodSync(program, 0o755);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describeOwnHolder('command', { rounds: 10, pastes: true }, (url) => {
  const use = useForTests();
  const target = command.targetSchema.parse({ kind: 'command', run: [program], env: { SERVICE: url } });
  return { connection: command.connect(target, use), close: use.close };
});
