import { createRequire } from 'node:module';
import { isAbsolute, resolve } from 'node:path';
import { z } from 'zod';
import { errorText } from '../../domain/text.ts';
import { handedBack } from '../handedBack.ts';
import { membership } from '../membership.ts';
import { placeText, settingsPlace } from '../place.ts';
import { type Connection, type Provisioner, TargetRefusal, type Use } from '../provisioner.ts';
import { guarded } from './guarded.ts';

/** What a local module gets to build with, so that it need not install anything. */
const TOOLKIT = { z, membership, TargetRefusal };

/** What a local module's default export makes of the toolkit. */
interface LocalProvisioner {
  /** Of `config` in the target. */
  readonly configSchema: z.ZodType;
  /** Of a role's `grants`. */
  readonly roleSchema: z.ZodType;
  /** The template for what people are called there. Absent: it has none. */
  readonly accountTemplate?: (config: unknown) => string | null;
  /** Which target it is, without secrets. Absent: whatever in its configuration does not sound like a secret. */
  readonly placeOf?: (config: unknown) => string;
  connect(config: unknown, use: Use): Connection<unknown>;
}

const targetSchema = z.strictObject({
  kind: z.literal('module'),
  /** From the policy file's folder. */
  path: z.string().min(1),
  /** Checked by the module's own schema. */
  config: z.unknown().optional(),
});

type Target = z.infer<typeof targetSchema>;

const isSchema = (value: unknown): value is z.ZodType =>
  typeof value === 'object' && value !== null && 'safeParse' in value && typeof value.safeParse === 'function';

/** @throws with a word on what is wrong with it, for whoever wrote it */
function load(path: string): LocalProvisioner {
  let exported: unknown;
  try {
    // A module of either kind; it is read once, and again only with the next start.
    exported = createRequire(import.meta.url)(path);
  } catch (error) {
    throw new TypeError(`cannot be loaded: ${errorText(error)}`, {
      cause: error,
    });
  }
  const make = typeof exported === 'object' && exported !== null && 'default' in exported ? exported.default : exported;
  if (typeof make !== 'function') throw new TypeError('has no default export that is a function');
  const made: unknown = make(TOOLKIT);
  if (typeof made !== 'object' || made === null) throw new TypeError('gives nothing back');
  for (const name of ['configSchema', 'roleSchema'])
    if (!isSchema(Reflect.get(made, name)))
      throw new TypeError(`gives no ${name}: a schema made with the z that it is handed`);
  if (typeof Reflect.get(made, 'connect') !== 'function') throw new TypeError('gives no function connect');
  return made as LocalProvisioner;
}

/** What a module says of its place. undefined: it says nothing, or cannot be loaded, which is told of where it is used. */
function ownPlace(path: string, config: unknown): string | undefined {
  let loaded: LocalProvisioner;
  try {
    loaded = load(path);
  } catch {
    return undefined;
  }
  return loaded.placeOf?.(config);
}

/** What the connection of a local module has to be able to do. */
const ABILITIES = ['grant', 'revoke', 'isActive', 'check', 'close'] as const;

/** A provisioner of the team's own, in a file beside the policy file. It runs inside the bot. */
export const localModule: Provisioner<Target, unknown> = {
  kind: 'module',
  targetSchema,
  roleSchema: z.unknown(),
  schemasFor: (target, folder) => {
    const { path } = target as Target;
    const whole = isAbsolute(path) ? path : resolve(folder, path);
    try {
      const { configSchema, roleSchema } = load(whole);
      return {
        targetSchema: targetSchema.extend({ path: z.string().transform(() => whole), config: configSchema }),
        roleSchema,
      };
    } catch (error) {
      return { problem: `${path} ${errorText(error)}`, at: 'path' };
    }
  },
  accountTemplate: ({ path, config }) => load(path).accountTemplate?.(config) ?? null,
  placeOf: ({ path, config }) => {
    const own = ownPlace(path, config);
    return placeText(path, own ?? settingsPlace(config));
  },
  byHand: (one, target) => [handedBack(one, target === null ? 'the target' : `the target of ${target.path}`)],
  connect: ({ path, config }, use) => {
    const connection = load(path).connect(config, use);
    const missing = ABILITIES.find((ability) => typeof connection?.[ability] !== 'function');
    if (missing) throw new TypeError(`${path}: what connect gives back has no function ${missing}`);
    return guarded(path, connection, use.ids);
  },
};
