/**
 * Block Kit as Slack accepts it: blocks, elements, limits.
 * Source: https://docs.slack.dev/reference/block-kit and https://docs.slack.dev/reference/views
 */

import { z } from 'zod';

const id = z.string().min(1).max(255);
const plainText = (max: number) =>
  z.strictObject({ type: z.literal('plain_text'), text: z.string().min(1).max(max), emoji: z.boolean().optional() });
const mrkdwn = (max: number) =>
  z.strictObject({ type: z.literal('mrkdwn'), text: z.string().min(1).max(max), verbatim: z.boolean().optional() });
const anyText = (max: number) => z.discriminatedUnion('type', [plainText(max), mrkdwn(max)]);

const option = z.strictObject({
  text: anyText(75),
  value: z.string().max(150),
  description: plainText(75).optional(),
  url: z.string().max(3000).optional(),
});
const optionGroup = z.strictObject({ label: plainText(75), options: z.array(option).min(1).max(100) });
const confirm = z.strictObject({
  title: plainText(100),
  text: anyText(300),
  confirm: plainText(30),
  deny: plainText(30),
  style: z.enum(['primary', 'danger']).optional(),
});
const dispatchConfig = z.strictObject({
  trigger_actions_on: z.array(z.enum(['on_enter_pressed', 'on_character_entered'])),
});

const actionable = { action_id: id.optional(), confirm: confirm.optional(), focus_on_load: z.boolean().optional() };
const placeholder = plainText(150).optional();

const button = z.strictObject({
  type: z.literal('button'),
  text: plainText(75),
  url: z.string().max(3000).optional(),
  value: z.string().max(2000).optional(),
  style: z.enum(['primary', 'danger']).optional(),
  accessibility_label: z.string().max(75).optional(),
  action_id: id.optional(),
  confirm: confirm.optional(),
});
const staticSelect = z
  .strictObject({
    type: z.literal('static_select'),
    ...actionable,
    placeholder,
    options: z.array(option).min(1).max(100).optional(),
    option_groups: z.array(optionGroup).min(1).max(100).optional(),
    initial_option: option.optional(),
  })
  .refine(
    (select) => (select.options === undefined) !== (select.option_groups === undefined),
    'must have options or option_groups',
  )
  .refine(
    ({ options, initial_option: initial }) =>
      !initial || !options || options.some((one) => JSON.stringify(one) === JSON.stringify(initial)),
    'initial_option must be one of the options',
  );
const externalSelect = z.strictObject({
  type: z.literal('external_select'),
  ...actionable,
  placeholder,
  min_query_length: z.number().int().min(0).optional(),
  initial_option: option.optional(),
});
const usersSelect = z.strictObject({
  type: z.literal('users_select'),
  ...actionable,
  placeholder,
  initial_user: z.string().optional(),
});
const channelsSelect = z.strictObject({
  type: z.literal('channels_select'),
  ...actionable,
  placeholder,
  initial_channel: z.string().optional(),
});
const conversationsSelect = z.strictObject({
  type: z.literal('conversations_select'),
  ...actionable,
  placeholder,
  initial_conversation: z.string().optional(),
});
const multiStatic = z.strictObject({
  type: z.literal('multi_static_select'),
  ...actionable,
  placeholder,
  options: z.array(option).min(1).max(100),
  initial_options: z.array(option).optional(),
  max_selected_items: z.number().int().min(1).optional(),
});
const multiExternal = z.strictObject({
  type: z.literal('multi_external_select'),
  ...actionable,
  placeholder,
  min_query_length: z.number().int().min(0).optional(),
  initial_options: z.array(option).optional(),
  max_selected_items: z.number().int().min(1).optional(),
});
const overflow = z.strictObject({
  type: z.literal('overflow'),
  action_id: id.optional(),
  options: z.array(option).min(1).max(5),
  confirm: confirm.optional(),
});
const datepicker = z.strictObject({
  type: z.literal('datepicker'),
  ...actionable,
  placeholder,
  initial_date: z
    .string()
    .regex(/^\d{4}-\d\d-\d\d$/)
    .optional(),
});
const timepicker = z.strictObject({
  type: z.literal('timepicker'),
  ...actionable,
  placeholder,
  initial_time: z
    .string()
    .regex(/^\d\d:\d\d$/)
    .optional(),
  timezone: z.string().optional(),
});
const datetimepicker = z.strictObject({
  type: z.literal('datetimepicker'),
  ...actionable,
  /** In seconds: ten digits. */
  initial_date_time: z.number().int().min(1_000_000_000).max(9_999_999_999).optional(),
});
const checkboxes = z.strictObject({
  type: z.literal('checkboxes'),
  ...actionable,
  options: z.array(option).min(1).max(10),
  initial_options: z.array(option).optional(),
});
const radioButtons = z.strictObject({
  type: z.literal('radio_buttons'),
  ...actionable,
  options: z.array(option).min(1).max(10),
  initial_option: option.optional(),
});
const plainTextInput = z.strictObject({
  type: z.literal('plain_text_input'),
  action_id: id.optional(),
  placeholder,
  initial_value: z.string().max(3000).optional(),
  multiline: z.boolean().optional(),
  min_length: z.number().int().min(0).max(3000).optional(),
  max_length: z.number().int().min(1).max(3000).optional(),
  dispatch_action_config: dispatchConfig.optional(),
  focus_on_load: z.boolean().optional(),
});
const image = z.strictObject({
  type: z.literal('image'),
  image_url: z.string().max(3000),
  alt_text: z.string().max(2000),
});

const inputs = [
  staticSelect,
  externalSelect,
  usersSelect,
  channelsSelect,
  conversationsSelect,
  multiStatic,
  multiExternal,
  datepicker,
  timepicker,
  datetimepicker,
  checkboxes,
  radioButtons,
] as const;

const richStyle = z
  .strictObject({
    bold: z.boolean().optional(),
    italic: z.boolean().optional(),
    strike: z.boolean().optional(),
    code: z.boolean().optional(),
  })
  .optional();
const richInline = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text'), text: z.string().min(1), style: richStyle }),
  z.strictObject({ type: z.literal('link'), url: z.string(), text: z.string().optional(), style: richStyle }),
  z.strictObject({ type: z.literal('user'), user_id: z.string(), style: richStyle }),
  z.strictObject({ type: z.literal('usergroup'), usergroup_id: z.string(), style: richStyle }),
  z.strictObject({ type: z.literal('channel'), channel_id: z.string(), style: richStyle }),
  z.strictObject({ type: z.literal('emoji'), name: z.string(), style: richStyle }),
  z.strictObject({
    type: z.literal('date'),
    timestamp: z.number().int(),
    format: z.string(),
    fallback: z.string().optional(),
    style: richStyle,
  }),
]);
const richPart = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('rich_text_section'), elements: z.array(richInline) }),
  z.strictObject({ type: z.literal('rich_text_quote'), elements: z.array(richInline), border: z.number().optional() }),
  z.strictObject({
    type: z.literal('rich_text_preformatted'),
    elements: z.array(richInline),
    border: z.number().optional(),
  }),
  z.strictObject({
    type: z.literal('rich_text_list'),
    style: z.enum(['bullet', 'ordered']),
    elements: z.array(z.strictObject({ type: z.literal('rich_text_section'), elements: z.array(richInline) })),
    indent: z.number().optional(),
  }),
]);

const blockId = { block_id: id.optional() };
const section = z
  .strictObject({
    type: z.literal('section'),
    ...blockId,
    text: anyText(3000).optional(),
    fields: z.array(anyText(2000)).min(1).max(10).optional(),
    accessory: z.discriminatedUnion('type', [button, overflow, image, ...inputs]).optional(),
    expand: z.boolean().optional(),
  })
  .refine(({ text, fields }) => text !== undefined || fields !== undefined, 'must have text or fields');
const shared = [
  section,
  z.strictObject({ type: z.literal('divider'), ...blockId }),
  z.strictObject({ type: z.literal('header'), ...blockId, text: plainText(150) }),
  z.strictObject({
    type: z.literal('context'),
    ...blockId,
    elements: z
      .array(z.discriminatedUnion('type', [plainText(2000), mrkdwn(2000), image]))
      .min(1)
      .max(10),
  }),
  z.strictObject({
    type: z.literal('actions'),
    ...blockId,
    elements: z
      .array(z.discriminatedUnion('type', [button, overflow, ...inputs]))
      .min(1)
      .max(25),
  }),
  z.strictObject({
    type: z.literal('image'),
    ...blockId,
    image_url: z.string().max(3000).optional(),
    slack_file: z.strictObject({ id: z.string() }).optional(),
    alt_text: z.string().min(1).max(2000),
    title: plainText(2000).optional(),
  }),
  z.strictObject({ type: z.literal('rich_text'), ...blockId, elements: z.array(richPart).min(1) }),
] as const;
const input = z.strictObject({
  type: z.literal('input'),
  ...blockId,
  label: plainText(2000),
  hint: plainText(2000).optional(),
  optional: z.boolean().optional(),
  dispatch_action: z.boolean().optional(),
  element: z.discriminatedUnion('type', [plainTextInput, ...inputs]),
});

const messageBlock = z.discriminatedUnion('type', [...shared]);
const viewBlock = z.discriminatedUnion('type', [...shared, input]);

const noTwins = (blocks: readonly { block_id?: string | undefined }[]) => {
  const ids = blocks.flatMap((block) => block.block_id ?? []);
  return new Set(ids).size === ids.length;
};

export const messageBlocks = z.array(messageBlock).max(50).refine(noTwins, 'block_id must be unique');

const viewCommon = {
  blocks: z.array(viewBlock).min(1).max(100).refine(noTwins, 'block_id must be unique'),
  private_metadata: z.string().max(3000).optional(),
  callback_id: z.string().max(255).optional(),
  external_id: z.string().max(255).optional(),
};
const modal = z
  .strictObject({
    type: z.literal('modal'),
    title: plainText(24),
    submit: plainText(24).optional(),
    close: plainText(24).optional(),
    clear_on_close: z.boolean().optional(),
    notify_on_close: z.boolean().optional(),
    submit_disabled: z.boolean().optional(),
    ...viewCommon,
  })
  .refine(({ blocks, submit }) => submit !== undefined || !blocks.some((block) => block.type === 'input'), {
    message: 'submit is required when there are input blocks',
    path: ['submit'],
  });
const home = z.strictObject({ type: z.literal('home'), ...viewCommon });

export const viewSchema = z.discriminatedUnion('type', [modal, home]);

export type View = z.infer<typeof viewSchema>;
export type Block = z.infer<typeof messageBlock>;

/** Slack's way of saying where in the JSON something is wrong. */
export const pointers = (error: z.ZodError): string[] =>
  error.issues.map((issue) => `[ERROR] ${issue.message} [json-pointer:/${issue.path.join('/')}]`);
