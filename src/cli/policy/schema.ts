import { policyJsonSchema } from '../../config/policyJsonSchema.ts';
import { policyReference } from '../../config/policyReference.ts';
import { PROVISIONERS } from '../../provisioners/registry.ts';
import { MISUSE } from '../../wording/terminal/misuse.ts';
import type { POLICY_SCHEMA } from '../../wording/terminal/options.ts';
import type { Given } from '../spec.ts';
import { UsageError } from '../usageError.ts';

/** Writes the schema for editors, or with --reference the same as a page for people. */
export async function run({ values, files }: Given<typeof POLICY_SCHEMA>): Promise<number> {
  if (files.length > 0) throw new UsageError(MISUSE.notUnderstood(files));
  const schema = policyJsonSchema(PROVISIONERS);
  process.stdout.write(values.reference ? policyReference(schema) : `${JSON.stringify(schema, null, 2)}\n`);
  return 0;
}
