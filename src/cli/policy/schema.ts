import { policyJsonSchema } from '../../config/policyJsonSchema.ts';
import { policyReference } from '../../config/policyReference.ts';
import { PROVISIONERS } from '../../provisioners/registry.ts';
import type { POLICY_SCHEMA } from '../../wording/terminal/options.ts';
import type { Given } from '../spec.ts';

/** Writes the schema for editors, or with --reference the same as a page for people. */
export async function run({ values }: Given<typeof POLICY_SCHEMA>): Promise<number> {
  const schema = policyJsonSchema(PROVISIONERS);
  process.stdout.write(values.reference ? policyReference(schema) : `${JSON.stringify(schema, null, 2)}\n`);
  return 0;
}
