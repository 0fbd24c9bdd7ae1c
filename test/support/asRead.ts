/**
 * A message or form as the text that a person reads, for snapshots: a line for what is a line on the screen, `[Label]` for what can
 * be pressed, with what it does behind it. Times stand as Slack shows them where it cannot say them in the reader's zone.
 */

type Part = Readonly<Record<string, unknown>>;

const isPart = (value: unknown): value is Part => typeof value === 'object' && value !== null && !Array.isArray(value);
const parts = (value: unknown): Part[] => (Array.isArray(value) ? value.filter(isPart) : []);
/** Of a text object, or as it stands. */
const textOf = (value: unknown): string =>
  (isPart(value) ? String(value.text ?? '') : String(value ?? ''))
    .replaceAll('\u00a0', ' ')
    .replace(
      /<!date\^(\d+)\^[^|]*\|([^>]*)>/g,
      (_whole, at: string, shown: string) => `${shown} (${new Date(Number(at) * 1_000).toISOString()})`,
    );

export function asRead(shown: object): string {
  const view = shown as Part;
  const head = view.type === 'modal' ? [`# ${textOf(view.title)}`] : [`notification: ${textOf(view.text)}`];
  const feet = ['submit', 'close'].filter((name) => view[name]).map((name) => `${name}: [${textOf(view[name])}]`);
  const kept = view.private_metadata ? [`keeps ${view.private_metadata}`] : [];
  return [...head, ...parts(view.blocks).flatMap(blockLines), ...feet, ...kept].join('\n');
}

function blockLines(block: Part): string[] {
  switch (block.type) {
    case 'divider':
      return ['---'];
    case 'header':
      return [`## ${textOf(block.text)}`];
    case 'context':
      return [
        `  ${parts(block.elements)
          .map((one) => textOf(one))
          .join('  ')}`,
      ];
    case 'actions':
      return parts(block.elements).flatMap(elementLines);
    case 'input':
      return [
        `${textOf(block.label)}${block.optional ? ' (optional)' : ''}${block.dispatch_action ? ' (tells at once)' : ''}`,
        ...(block.hint ? [`  ${textOf(block.hint)}`] : []),
        ...(isPart(block.element) ? elementLines(block.element) : []),
      ];
    case 'rich_text':
      return parts(block.elements).map(
        (quote) =>
          `> ${parts(quote.elements)
            .map((one) => textOf(one))
            .join('')}`,
      );
    default:
      return [
        ...(block.text ? [textOf(block.text)] : []),
        ...parts(block.fields).map((field) => textOf(field).replaceAll('\n', ': ')),
        ...(isPart(block.accessory) ? elementLines(block.accessory) : []),
      ];
  }
}

function elementLines(element: Part): string[] {
  const does = `${element.action_id}${element.value === undefined ? '' : ` ${element.value}`}`;
  if (element.type === 'button') {
    const style = element.style ? `, ${element.style}` : '';
    return [`[${textOf(element.text)}] ${does}${style}`, ...confirmLines(element.confirm)];
  }
  const initial = element.initial_option ?? element.initial_value ?? element.initial_date_time;
  const initially = initial === undefined ? '' : `, at first ${isPart(initial) ? textOf(initial.text) : initial}`;
  const bounds = ['min_length', 'max_length', 'min_query_length', 'max_selected_items']
    .filter((name) => element[name] !== undefined)
    .map((name) => `, ${name.replaceAll('_', ' ')} ${element[name]}`);
  return [
    `<${String(element.type).replaceAll('_', ' ')}> ${does}${initially}${bounds.join('')}`,
    ...(element.placeholder ? [`  ${textOf(element.placeholder)}`] : []),
    ...parts(element.options).map((option) => `  ( ) ${textOf(option.text)}: ${option.value}`),
    ...confirmLines(element.confirm),
  ];
}

const confirmLines = (confirm: unknown): string[] =>
  isPart(confirm)
    ? [
        `  asks first: ${textOf(confirm.title)} ${textOf(confirm.text)} [${textOf(confirm.confirm)}] [${textOf(confirm.deny)}]`,
      ]
    : [];
