import { spawn } from 'node:child_process';
import { z } from 'zod';
import { type Millis, SECOND } from '../../domain/terms.ts';
import { cut } from '../../domain/text.ts';
import { placeText, programPlace, settingsPlace } from '../place.ts';
import { type Action, connectionOver, type Send, sessionsSchema } from '../protocol.ts';
import type { Provisioner } from '../provisioner.ts';

const targetSchema = z.strictObject({
  kind: z.literal('command'),
  /** A program and its arguments. No shell looks at them. */
  run: z
    .array(z.string().min(1))
    .min(1, 'expected a program and its arguments, such as [/usr/local/bin/vpn-access]')
    .refine(([program = '']) => program.startsWith('/'), 'expected the program with its whole path, from /'),
  /** Its whole environment, besides PATH. Nothing of the bot's own, which holds secrets. */
  env: z.record(z.string().regex(/^[A-Za-z_]\w*$/), z.string()).default({}),
  /** What becomes of sessions that are open when access ends. */
  sessions: sessionsSchema,
  /** Whether it answers list and remove, and check. */
  lists: z.boolean().default(false),
  checks: z.boolean().default(false),
});

/** Anything: it is passed on as it stands, for the program to make sense of. */
const roleSchema = z.record(z.string(), z.json());

type Target = z.infer<typeof targetSchema>;
type Role = z.infer<typeof roleSchema>;

const DEADLINE: Millis = 30 * SECOND;
const MOST_OUTPUT = 1_000_000;
const SHOWN_ERROR_LENGTH = 200;

/** Asks a program of the team's own to give and take access: JSON on its standard input, JSON on its standard output. */
export const command: Provisioner<Target, Role> = {
  kind: 'command',
  targetSchema,
  roleSchema,
  placeOf: ({ run, env }) => placeText(programPlace(run), settingsPlace(env)),
  connect: (target, { ids }) => {
    const { sessions, lists, checks } = target;
    return connectionOver(sendTo(target, DEADLINE), { name: target.run[0] ?? '', sessions, lists, checks }, ids);
  },
};

/** @param deadline how long one run may take; then it and whatever it started is killed */
export const sendTo =
  ({ run, env }: Pick<Target, 'run' | 'env'>, deadline: Millis): Send =>
  (action, document) =>
    new Promise((resolve, reject) => {
      const [program = '', ...args] = run;
      const child = spawn(program, args, {
        shell: false,
        // A group of its own, so that what it started dies with it.
        detached: true,
        env: { PATH: process.env.PATH, ...env },
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      const fail = (problem: string, cause?: unknown) =>
        reject(new Error(`${program} ${problem}, asked to ${wordFor(action)}`, { cause }));
      const output: Buffer[] = [];
      let size = 0;
      let said = '';
      const killAll = () => {
        if (child.pid === undefined) return;
        try {
          process.kill(-child.pid, 'SIGKILL');
        } catch (error) {
          // It was over already.
          if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
        }
      };
      const timer = setTimeout(() => {
        killAll();
        fail(`gave no answer within ${deadline / SECOND} s`);
      }, deadline);
      child.stdout.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size <= MOST_OUTPUT) output.push(chunk);
        else {
          killAll();
          fail(`wrote more than ${MOST_OUTPUT} bytes`);
        }
      });
      child.stderr.on('data', (chunk: Buffer) => {
        if (said.length < MOST_OUTPUT) said += chunk.toString();
      });
      child.once('error', (error) => {
        clearTimeout(timer);
        fail(`could not be started: ${error.message}`, error);
      });
      // Its answer may come before it has read everything.
      child.stdin.on('error', () => undefined);
      child.once('close', (code, signal) => {
        clearTimeout(timer);
        const lastWord = cut(said.trim().split('\n').at(-1) ?? '', SHOWN_ERROR_LENGTH);
        if (code === 0) resolve(Buffer.concat(output).toString());
        else fail(`ended with ${code ?? signal}${lastWord ? ` (${lastWord})` : ''}`);
      });
      child.stdin.end(JSON.stringify(document));
    });

const wordFor = (action: Action): string => (action === 'status' ? 'say whether access is active' : action);
