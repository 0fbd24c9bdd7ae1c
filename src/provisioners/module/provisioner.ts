import { createRequire } from 'node:module';
import { isAbsolute, resolve } from 'node:path';
import { z } from 'zod';
import { errorText } from '../../domain/text.ts';
import { OWN_MODULE } from '../../wording/targets/own.ts';
import { handedBack } from '../handedBack.ts';
import { membership } from '../membership.ts';
import { placeText, settingsPlace } from '../place.ts';
import { type Connection, type Provisioner, TargetRefusal, type Use } from '../provisioner.ts';
import { guarded } from './guarded.ts';

/** The toolkit that a local module gets, so that it need not install anything. */
const TOOLKIT = { z, membership, TargetRefusal };

/** What the default export of a local module returns. */
interface LocalProvisioner {
  /** The schema of `config` in the target. */
  readonly configSchema: z.ZodType;
  /** The schema of a role's `grants`. */
  readonly roleSchema: z.ZodType;
  /** The template for account names there, if it needs one. */
  readonly accountTemplate?: (config: unknown) => string | null;
  /** Identifies the target, without secrets. By default, all settings whose names do not sound like a secret. */
  readonly placeOf?: (config: unknown) => string;
  connect(config: unknown, use: Use): Connection<unknown>;
}

const targetSchema = z.strictObject({
  kind: z.literal('module'),
  /** Relative to the policy file's folder. */
  path: z.string().min(1),
  /** Checked by the module's own schema. */
  config: z.unknown().optional(),
});

type Target = z.infer<typeof targetSchema>;

const isSchema = (value: unknown): value is z.ZodType =>
  typeof value === 'object' && value !== null && 'safeParse' in value && typeof value.safeParse === 'function';

/** @throws with what is wrong, for the module's author */
function load(path: string): LocalProvisioner {
  let exported: unknown;
  try {
    // An ES module or CommonJS. It is loaded once for each start.
    exported = createRequire(import.meta.url)(path);
  } catch (error) {
    throw new TypeError(OWN_MODULE.notLoaded(errorText(error)), {
      cause: error,
    });
  }
  const make = typeof exported === 'object' && exported !== null && 'default' in exported ? exported.default : exported;
  if (typeof make !== 'function') throw new TypeError(OWN_MODULE.noDefault);
  const made: unknown = make(TOOLKIT);
  if (typeof made !== 'object' || made === null) throw new TypeError(OWN_MODULE.returnsNothing);
  for (const name of ['configSchema', 'roleSchema'])
    if (!isSchema(Reflect.get(made, name))) throw new TypeError(OWN_MODULE.noSchema(name));
  if (typeof Reflect.get(made, 'connect') !== 'function') throw new TypeError(OWN_MODULE.noConnect);
  return made as LocalProvisioner;
}

/**
 * The place that a module names. undefined if it names none or cannot be loaded, which is reported where it is used.
 */
function ownPlace(path: string, config: unknown): string | undefined {
  let loaded: LocalProvisioner;
  try {
    loaded = load(path);
  } catch {
    return undefined;
  }
  return loaded.placeOf?.(config);
}

/** The functions that a local module's connection must have. */
const ABILITIES = ['grant', 'revoke', 'isActive', 'check', 'close'] as const;

/** The team's own provisioner, in a file next to the policy file. It runs inside the bot. */
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
  byHand: (one, target) => [handedBack(one, target === null ? 'the target' : OWN_MODULE.targetOf(target.path))],
  connect: ({ path, config }, use) => {
    const connection = load(path).connect(config, use);
    const missing = ABILITIES.find((ability) => typeof connection?.[ability] !== 'function');
    if (missing) throw new TypeError(OWN_MODULE.noFunction(path, missing));
    return guarded(path, connection, use.ids);
  },
};
