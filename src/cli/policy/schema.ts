import { policyJsonSchema } from '../../config/policyJsonSchema.ts';
import { policyReference } from '../../config/policyReference.ts';
import { PROVISIONERS } from '../../provisioners/registry.ts';
import { readOptions } from '../options.ts';

/** The schema for editors; with --reference, the same as a page for people. */
export async function run(args: readonly string[]): Promise<number> {
  const { values } = readOptions(args, { reference: 'boolean' });
  const schema = policyJsonSchema(PROVISIONERS);
  process.stdout.write(values.reference ? policyReference(schema) : `${JSON.stringify(schema, null, 2)}\n`);
  return 0;
}
