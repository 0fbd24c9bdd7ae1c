import { z } from 'zod';
import { type Millis, SECOND } from '../../domain/terms.ts';
import { errorText } from '../../domain/text.ts';
import { OWN_FIELDS, OWN_PROGRAM } from '../../wording/targets/own.ts';
import { handedBack } from '../handedBack.ts';
import { createOwnConnection } from '../ownConnection.ts';
import { placeText, programPlace, settingsPlace } from '../place.ts';
import { type Action, type Send, sessionsSchema } from '../protocol.ts';
import type { Provisioner } from '../provisioner.ts';
import { runProgram } from './run.ts';

const targetSchema = z.strictObject({
  kind: z.literal('command'),
  /** A program and its arguments, run without a shell. */
  run: z
    .array(z.string().min(1))
    .min(1, OWN_FIELDS.program)
    .refine(([program = '']) => program.startsWith('/'), OWN_FIELDS.wholePath),
  /** Its complete environment, besides PATH. The bot's own is not passed on, because it contains secrets. */
  env: z.record(z.string().regex(/^[A-Za-z_]\w*$/), z.string()).default({}),
  /** What happens to open sessions when access ends. */
  sessions: sessionsSchema,
  /** Whether the program implements list and remove, and check. */
  lists: z.boolean().default(false),
  checks: z.boolean().default(false),
});

/** Passed on unchanged; only the program knows its meaning. */
const roleSchema = z.record(z.string(), z.json());

type Target = z.infer<typeof targetSchema>;
type Role = z.infer<typeof roleSchema>;

const DEADLINE: Millis = 30 * SECOND;

/** Runs the team's own program to give and end access, with JSON on standard input and output. */
export const command: Provisioner<Target, Role> = {
  kind: 'command',
  targetSchema,
  roleSchema,
  placeOf: ({ run, env }) => placeText(programPlace(run), settingsPlace(env)),
  byHand: (one, target) => [handedBack(one, target === null ? 'the target' : target.run.join(' '))],
  connect: (target, use) => {
    const { sessions, lists, checks } = target;
    const manners = { name: target.run[0] ?? '', sessions, lists, checks, heldUpFor: 0 };
    return createOwnConnection(sendTo(target, DEADLINE), manners, use);
  },
};

/** @param deadline maximum time of one run in ms; then the program and all that it started are killed */
export const sendTo =
  ({ run, env }: Pick<Target, 'run' | 'env'>, deadline: Millis): Send =>
  (action, document) =>
    runProgram({ run, env, deadline }, JSON.stringify(document)).catch((error: unknown) => {
      throw new Error(OWN_PROGRAM.failed(run[0], errorText(error), wordFor(action)), { cause: error });
    });

const wordFor = (action: Action): string => (action === 'status' ? OWN_PROGRAM.sayState : action);
