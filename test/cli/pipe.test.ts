import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { BOT } from '../../src/domain/person.ts';
import { openLedger } from '../../src/ledger/sqlite/open.ts';
import { createStore } from '../../src/ledger/sqlite/store.ts';
import { manualClock } from '../support/clock.ts';

const CLI = fileURLToPath(new URL('../../src/cli/jitbot.js', import.meta.url));
/** More than a pipe takes without a reader. */
const EVENTS = 2_000;

test('an export whose reader stops reading ends quietly', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'jitbot-pipe-'));
  try {
    const path = join(folder, 'jit.db');
    const ledger = openLedger(path);
    const store = createStore(ledger, { clock: manualClock(), followUps: () => [], onDue: () => undefined });
    const started = { type: 'bot.started', payload: { version: '1', after: 0 } } as const;
    const event = { actor: BOT, requestId: null, grantId: null, ...started };
    await store.commit({ events: Array.from({ length: EVENTS }, () => event) });
    ledger.close();
    const jitbot = spawn(process.execPath, [CLI, 'ledger', 'export', path], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    jitbot.stderr.on('data', (piece) => {
      said += piece;
    });
    const closed = once(jitbot, 'close');
    await once(jitbot.stdout, 'data');
    jitbot.stdout.destroy();
    const [code] = await closed;
    expect(said).toBe('');
    expect(code).toBe(0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
