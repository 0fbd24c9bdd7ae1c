/** Renders the reference of all fields from the JSON Schema. */

interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, JsonSchema | false>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly required?: readonly string[];
  readonly anyOf?: readonly JsonSchema[];
}

interface Row {
  readonly path: string;
  readonly type: string;
  readonly required: boolean;
  readonly schema: JsonSchema;
}

/** Conditions occur in many places and are always the same, so they are written out once. */
const CONDITION_PLACES = /\.(allow|deny|ask\.when)$/;
/** Templates have the fields of roles. */
const LIKE_ROLES = /^templates/;

export function policyReference(schema: JsonSchema): string {
  const rows = rowsOf(schema, '', new Set());
  const isCondition = ({ path }: Row) => path.startsWith('condition.');
  const lines = (some: readonly Row[]) => some.map(line).join('\n');
  return `# Every field of the policy file

Made from what the bot itself checks with (\`npm run docs\`). How it is decided: [policy.md](policy.md). For editors:
[policy.schema.json](policy.schema.json), with \`# yaml-language-server: $schema=…\` as the first line of your file.

| field | value | | |
| --- | --- | --- | --- |
${lines(rows.filter((row) => !isCondition(row)))}

A *condition* (\`allow\`, \`deny\`, \`ask.when\`) holds where every test that it gives holds:

| field | value | | |
| --- | --- | --- | --- |
${lines(rows.filter(isCondition))}
`;
}

const line = ({ path, type, required, schema }: Row): string => {
  const preset =
    schema.default === undefined || isEmpty(schema.default) ? '' : `default \`${JSON.stringify(schema.default)}\``;
  return `| \`${path}\` | ${type} | ${required ? 'required' : preset} | ${schema.description ?? ''} |`;
};

const isEmpty = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length === 0;

/** @param seen names of definitions that are already written out */
function rowsOf(schema: JsonSchema, path: string, seen: Set<string>): Row[] {
  if (CONDITION_PLACES.test(path)) {
    if (seen.has('condition')) return [];
    seen.add('condition');
    return rowsOf(schema, 'condition', seen);
  }
  if (LIKE_ROLES.test(path) || path === 'condition.unless') return [];
  const named = Object.entries(schema.properties ?? {}).flatMap(([name, field]): Row[] => {
    if (field === false) return [];
    const below = path === '' ? name : `${path}.${name}`;
    const row = {
      path: below,
      type: typeOf(field),
      required: schema.required?.includes(name) === true && field.default === undefined,
      schema: field,
    };
    return [row, ...rowsOf(field, below, seen)];
  });
  const any =
    typeof schema.additionalProperties === 'object' ? rowsOf(schema.additionalProperties, `${path}.NAME`, seen) : [];
  const each = schema.items ? rowsOf(schema.items, path, seen) : [];
  return [...named, ...any, ...each];
}

function typeOf(schema: JsonSchema): string {
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.enum) return schema.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (schema.anyOf) return 'by kind';
  if (schema.items) return `list of ${typeOf(schema.items)}`;
  if (typeof schema.additionalProperties === 'object') return 'by name';
  if (schema.properties) return 'fields';
  return String(schema.type ?? 'anything');
}
