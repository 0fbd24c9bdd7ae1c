/** An OpenAPI 3.0 description as something to hold requests against, and to make answers from. */
import { Ajv, type ValidateFunction } from 'ajv';
import { z } from 'zod';

const HTTP_METHODS = ['get', 'post', 'put'] as const;
type Schema = Readonly<Record<string, unknown>>;

const parameterSchema = z.object({
  in: z.enum(['query', 'header', 'path']),
  name: z.string(),
  required: z.boolean().default(false),
  schema: z.record(z.string(), z.unknown()),
});
type Parameter = z.infer<typeof parameterSchema>;
const contentSchema = z.object({
  content: z.object({ 'application/json': z.object({ schema: z.record(z.string(), z.unknown()) }) }),
});
const operationSchema = z.object({
  parameters: z.array(z.unknown()),
  requestBody: contentSchema.optional(),
  responses: z.record(z.string(), contentSchema),
});
type Operation = z.infer<typeof operationSchema>;

export interface Sent {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** null: it had none. */
  readonly body: unknown;
}

export interface Variant {
  /** Whether everything that may be null is null. */
  readonly nulls: boolean;
  /** Which of several forms of one thing, from 0. */
  readonly form: number;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** OpenAPI's `nullable` in JSON Schema's words, all the way down. */
function asJsonSchema(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asJsonSchema);
  if (!isObject(value)) return value;
  const said = Object.fromEntries(Object.entries(value).map(([key, one]) => [key, asJsonSchema(one)]));
  return value.nullable === true ? { anyOf: [{ type: 'null' }, { ...said, nullable: undefined }] } : said;
}

export function readDescription(description: unknown) {
  const root = z.object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) }).parse(description);
  const ajv = new Ajv({ allErrors: true, strict: false, validateFormats: true });
  ajv.addFormat(
    'date-time',
    (text: string) => /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/.test(text) && !Number.isNaN(Date.parse(text)),
  );
  ajv.addFormat('email', /^[^\s@]+@[^\s@]+$/);
  for (const ignored of ['tzinfo', 'url', 'uri', 'float']) ajv.addFormat(ignored, true);
  ajv.addSchema(JSON.parse(JSON.stringify({ ...(asJsonSchema(description) as object), $id: 'described' })));

  const compiled = new Map<string, ValidateFunction>();
  /** @returns what is wrong with a value, by where it is in the description */
  function wrongWith(value: unknown, pointer: string): string[] {
    const check = compiled.get(pointer) ?? ajv.compile({ $ref: `described#${pointer}` });
    compiled.set(pointer, check);
    check(value);
    return (check.errors ?? []).map((error) => `${error.instancePath} ${error.message}`);
  }

  function follow(reference: string): unknown {
    let found: unknown = description;
    for (const part of reference.replace('#/', '').split('/')) {
      const key = decodeURIComponent(part).replaceAll('~1', '/');
      found = Array.isArray(found) ? found[Number(key)] : isObject(found) ? found[key] : undefined;
    }
    return found;
  }
  const resolved = (schema: unknown): Schema => {
    if (!isObject(schema)) return {};
    return typeof schema.$ref === 'string' ? resolved(follow(schema.$ref)) : schema;
  };
  const parametersOf = ({ parameters }: Operation): Parameter[] =>
    parameters.map((one) => parameterSchema.parse(resolved(one)));

  function operation(method: string, path: string): { template: string; said: Operation } | null {
    for (const [template, methods] of Object.entries(root.paths)) {
      const fits = new RegExp(`^${template.replaceAll(/\{[^}]+\}/g, '[^/]+')}$`).test(path);
      const said = methods[HTTP_METHODS.find((one) => one === method.toLowerCase()) ?? ''];
      if (fits && said !== undefined) return { template, said: operationSchema.parse(said) };
    }
    return null;
  }

  /** Every attribute that an object may have, with those of all its parts. null: any. */
  function attributesOf(schema: unknown): Map<string, Schema> | null {
    const { properties, allOf } = resolved(schema);
    const parts = Array.isArray(allOf) ? allOf.map(attributesOf) : [];
    if (!isObject(properties) && parts.length === 0) return null;
    const own = isObject(properties) ? Object.entries(properties) : [];
    return new Map([
      ...parts.flatMap((part) => [...(part ?? [])]),
      ...own.map(([key, one]) => [key, resolved(one)] as const),
    ]);
  }

  /** Attributes of a body that the description does not have, or has only in answers. */
  function unknownIn(value: unknown, schema: unknown, path: string): string[] {
    if (!isObject(value)) return [];
    const attributes = attributesOf(schema);
    if (!attributes) return [];
    const { required } = resolved(schema);
    return Object.entries(value).flatMap(([key, one]) => {
      const said = attributes.get(key);
      if (!said) return Array.isArray(required) && required.includes(key) ? [] : [`${path}.${key} is not described`];
      // An id is only read of the thing itself; a reference to it is made of nothing else.
      if (said.readOnly === true && key !== 'id') return [`${path}.${key} is only read`];
      return unknownIn(one, said, `${path}.${key}`);
    });
  }

  function wrongInQuery({ url }: Sent, parameters: readonly Parameter[], at: (name: string) => string): string[] {
    const queried = parameters.filter((one) => one.in === 'query');
    const missing = queried
      .filter(({ required, name }) => required && !url.searchParams.has(name))
      .map(({ name }) => `query ${name} is missing`);
    return [
      ...missing,
      ...[...url.searchParams].flatMap(([name, value]) => {
        const parameter = queried.find((one) => one.name === name);
        if (!parameter) return [`query ${name} is not described`];
        const isList = parameter.schema.type === 'array';
        return wrongWith(
          typed(value, isList ? resolved(parameter.schema.items) : parameter.schema),
          `${at(name)}/schema${isList ? '/items' : ''}`,
        ).map((problem) => `query ${name}=${value}${problem}`);
      }),
    ];
  }

  function wrongInHeaders({ headers }: Sent, parameters: readonly Parameter[], at: (name: string) => string): string[] {
    return parameters
      .filter((one) => one.in === 'header')
      .flatMap(({ name, required, schema }) => {
        const value = headers[name.toLowerCase()];
        if (value === undefined) return required ? [`header ${name} is missing`] : [];
        const versions =
          typeof schema.default === 'string' && schema.default !== value ? [` is not ${schema.default}`] : [];
        return [...wrongWith(value, `${at(name)}/schema`), ...versions].map(
          (problem) => `header ${name}: ${value}${problem}`,
        );
      });
  }

  return {
    /** What a request has that the description does not allow. */
    wrongIn(sent: Sent): string[] {
      const found = operation(sent.method, sent.url.pathname);
      if (!found) return [`${sent.method} ${sent.url.pathname} is not described`];
      const { template, said } = found;
      const parameters = parametersOf(said);
      const base = `/paths/${template.replaceAll('/', '~1').replaceAll('{', '%7B').replaceAll('}', '%7D')}/${sent.method.toLowerCase()}`;
      const at = (name: string): string => {
        const index = parameters.findIndex((one) => one.name === name);
        const reference = said.parameters[index];
        return isObject(reference) && typeof reference.$ref === 'string'
          ? reference.$ref.slice(1)
          : `${base}/parameters/${index}`;
      };
      const problems = [...wrongInQuery(sent, parameters, at), ...wrongInHeaders(sent, parameters, at)];
      if (!said.requestBody) return sent.body === null ? problems : [...problems, 'a body is not described'];
      const { schema } = said.requestBody.content['application/json'];
      return [
        ...problems,
        ...wrongWith(sent.body, `${base}/requestBody/content/application~1json/schema`),
        ...unknownIn(sent.body, schema, 'body'),
      ];
    },
    /** The answer that the description has for an operation, with a value for everything that it names. */
    answerTo(method: string, path: string, variant: Variant): { status: number; body: unknown } {
      const found = operation(method, path);
      const [status, said] = Object.entries(found?.said.responses ?? {})[0] ?? [];
      if (status === undefined || !said) throw new Error(`${method} ${path} has no answer`);
      return { status: Number(status), body: made(said.content['application/json'].schema, variant) };
    },
    /** A thing of one kind, by its name in the description. */
    thing: (name: string, variant: Variant): Readonly<Record<string, unknown>> => {
      const value = made({ $ref: `#/components/schemas/${name}` }, { ...variant });
      if (!isObject(value)) throw new Error(`${name} is no object`);
      return value;
    },
  };

  function made(schema: unknown, variant: Variant, depth = 0): unknown {
    const said = resolved(schema);
    if (said.nullable === true && variant.nulls) return null;
    for (const forms of [said.oneOf, said.anyOf])
      if (Array.isArray(forms)) return made(forms[variant.form % forms.length], variant, depth);
    if (Array.isArray(said.enum)) return said.enum[variant.form % said.enum.length];
    const attributes = attributesOf(said);
    if (attributes) {
      // Things name each other without an end.
      if (depth > 5) return {};
      return Object.fromEntries(
        [...attributes].map(([key, one]) => [key, key === 'id' ? 'PID' : made(one, variant, depth + 1)]),
      );
    }
    switch (said.type) {
      case 'array':
        return depth > 5 ? [] : [made(said.items, variant, depth + 1)];
      case 'integer':
      case 'number':
        return 1;
      case 'boolean':
        return false;
      case 'object':
        return {};
      default:
        return said.format === 'date-time'
          ? '2026-01-15T03:00:00Z'
          : said.format === 'email'
            ? 'ana@harbor.example'
            : 'text';
    }
  }
}

/** A query holds text only. */
function typed(value: string, schema: Schema): unknown {
  if (schema.type === 'integer') return /^\d+$/.test(value) ? Number(value) : value;
  if (schema.type === 'boolean') return value === 'true' ? true : value === 'false' ? false : value;
  return value;
}
