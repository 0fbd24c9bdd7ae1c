import { execFile } from 'node:child_process';
import { open, readFile, rename } from 'node:fs/promises';
import { z } from 'zod';
import type { Instant } from '../../domain/terms.ts';
import { keyedLock } from '../../lifecycle/keyedLock.ts';
import { TARGET_DEADLINE } from '../provisioner.ts';
import { readRevocations, writeRevocations } from './keygen.ts';

/** By file: two resources may share a list. */
const lock = keyedLock();

const entriesSchema = z.array(z.object({ keyId: z.string(), until: z.number() }));

/**
 * The list that servers refuse certificates by. OpenSSH's file cannot be added to by key id later, so what is on it is
 * kept beside it (`FILE.json`), and it is written anew each time; an entry goes when its certificate has expired.
 */
export function revocationList(file: string, options: { publish: readonly string[]; now: () => Instant }) {
  const { publish, now } = options;

  async function entries(): Promise<z.infer<typeof entriesSchema>> {
    let text: string;
    try {
      text = await readFile(`${file}.json`, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
    return entriesSchema.parse(JSON.parse(text));
  }

  return {
    /** Puts a certificate on the list until it has expired, and tells whoever has to know. Idempotent. */
    add: (keyId: string, until: Instant, publicCaKey: string): Promise<void> =>
      lock(file, async () => {
        const kept = (await entries()).filter((entry) => entry.until > now() && entry.keyId !== keyId);
        const next = [...kept, { keyId, until }];
        await writeDurably(`${file}.json`, JSON.stringify(next));
        await writeRevocations(
          `${file}.new`,
          publicCaKey,
          next.map((entry) => entry.keyId),
        );
        await rename(`${file}.new`, file);
        if (!(await readRevocations(file)).split('\n').includes(`id: ${keyId}`))
          throw new Error(`${file} does not name the certificate that was put on it`);
        if (publish.length > 0) await runCommand(publish);
      }),
    /** An empty list where there is none yet: a server that is told of a file and finds none refuses everybody. */
    prepare: (publicCaKey: string): Promise<void> =>
      lock(file, async () => {
        const exists = await readFile(file).then(
          () => true,
          (error: NodeJS.ErrnoException) => {
            if (error.code === 'ENOENT') return false;
            throw error;
          },
        );
        if (!exists) await writeRevocations(file, publicCaKey, []);
        await readRevocations(file);
      }),
  };
}

async function writeDurably(file: string, text: string): Promise<void> {
  const handle = await open(`${file}.new`, 'w', 0o644);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(`${file}.new`, file);
}

function runCommand([program = '', ...args]: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { timeout: TARGET_DEADLINE }, (error, _stdout, stderr) => {
      if (!error) resolve();
      else
        reject(
          new Error(
            `${program}, which takes the revocation list to the servers, failed: ${stderr.trim() || error.message}`,
            {
              cause: error,
            },
          ),
        );
    });
  });
}
