/** Every interactive element of Block Kit that this page knows, for messages and forms alike. */
import type { VNode } from 'preact';
import { Menu } from './menu.ts';
import { html, type Option, type Snapshot } from './store.ts';
import { TextInput } from './textInput.ts';
import { Typeahead } from './typeahead.ts';

// Block Kit elements come as the server checked them; their fields differ by type.
export type Element = { type: string; action_id?: string; [field: string]: unknown };

/** What using an element does: `state` is what Slack would put into the action and into the form's values. */
export interface Use {
  readonly state: Snapshot;
  /** The element's value now, as in `view.state.values`; in messages there is none. */
  readonly current?: Record<string, unknown> | undefined;
  readonly label?: string;
  /** The id of the text that explains the element, or says what is wrong with its value. */
  readonly describedBy?: string;
  use(action: Record<string, unknown>, value: string | Option | Option[] | null): void;
  suggest(typed: string): Promise<Option[]>;
  confirm(dialog: Confirm, then: () => void): void;
}

export interface Confirm {
  title: { text: string };
  text: { text: string };
  confirm: { text: string };
  deny: { text: string };
  style?: string;
}

/** Seconds as the browser's own picker writes them, on the reader's clock. */
function localTime(seconds: unknown): string {
  if (typeof seconds !== 'number') return '';
  const at = new Date(seconds * 1000);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

const textOf = (value: unknown): string =>
  typeof value === 'object' && value !== null && 'text' in value ? String(value.text) : '';

export function ElementView({ element, on }: { element: Element; on: Use }): VNode {
  const asked = (then: () => void) => (element.confirm ? on.confirm(element.confirm as Confirm, then) : then());
  const label = on.label ?? (textOf(element.placeholder) || element.type);
  const placeholder = textOf(element.placeholder);
  const options = (element.options ?? []) as Option[];
  const chosen = (on.current?.selected_option ?? null) as Option | null;
  const act = (state: Record<string, unknown>) => ({ type: element.type, action_id: element.action_id, ...state });
  const native = (
    type: string,
    field: string,
    initial: unknown,
  ) => html`<input type=${type} aria-label=${label} value=${on.current?.[field] ?? initial ?? ''}
    onChange=${(event: Event) => on.use(act({ [field]: (event.target as HTMLInputElement).value }), (event.target as HTMLInputElement).value)} />`;
  const picker = (entries: readonly { id: string; name: string }[], field: string) => html`<select aria-label=${label}
    onChange=${(event: Event) => {
      const { value } = event.target as HTMLSelectElement;
      asked(() => on.use(act({ [field]: value }), value));
    }}>
    <option value="" disabled selected=${!on.current?.[field]}>${placeholder || 'Choose'}</option>
    ${entries.map((entry) => html`<option value=${entry.id} selected=${on.current?.[field] === entry.id}>${entry.name}</option>`)}</select>`;

  switch (element.type) {
    case 'button':
      return html`<button type="button" class="button ${String(element.style ?? '')}" data-action=${element.action_id}
        onClick=${() =>
          asked(() => {
            if (typeof element.url === 'string') window.open(element.url, '_blank', 'noreferrer');
            on.use(act({ text: element.text, value: element.value }), null);
          })}>${textOf(element.text)}</button>` as VNode;
    case 'overflow':
      return html`<${Menu} label="More actions" sign="⋯" entries=${options.map((option) => ({
        name: option.text.text,
        choose: () => asked(() => on.use(act({ selected_option: option }), option)),
      }))} />` as VNode;
    case 'static_select': {
      const groups = element.option_groups as { label: { text: string }; options: Option[] }[] | undefined;
      const all = groups ? groups.flatMap((group) => group.options) : options;
      const one = (option: Option) =>
        html`<option value=${option.value} selected=${chosen?.value === option.value}>${option.text.text}</option>`;
      return html`<select aria-label=${label} data-action=${element.action_id} onChange=${(event: Event) => {
        const option = all.find((other) => other.value === (event.target as HTMLSelectElement).value);
        if (option) asked(() => on.use(act({ selected_option: option }), option));
      }}><option value="" disabled selected=${!chosen}>${placeholder || 'Choose an option'}</option>
        ${groups ? groups.map((group) => html`<optgroup label=${group.label.text}>${group.options.map(one)}</optgroup>`) : options.map(one)}</select>` as VNode;
    }
    case 'external_select':
      return html`<${Typeahead} label=${label} action=${element.action_id} placeholder=${placeholder} chosen=${chosen} suggest=${on.suggest} minLength=${element.min_query_length ?? 3}
        choose=${(option: Option) => asked(() => on.use(act({ selected_option: option }), option))} />` as VNode;
    case 'users_select':
      return picker(
        on.state.users.map((user) => ({ id: user.id, name: user.realName })),
        'selected_user',
      ) as VNode;
    case 'channels_select':
      return picker(
        on.state.channels.filter((channel) => !channel.directWith),
        'selected_channel',
      ) as VNode;
    case 'conversations_select':
      return picker(
        on.state.channels.filter((channel) => !channel.directWith),
        'selected_conversation',
      ) as VNode;
    case 'datepicker':
      return native('date', 'selected_date', element.initial_date) as VNode;
    case 'timepicker':
      return native('time', 'selected_time', element.initial_time) as VNode;
    case 'datetimepicker':
      return html`<input type="datetime-local" aria-label=${label} value=${localTime(on.current?.selected_date_time)} onChange=${(
        event: Event,
      ) => {
        const seconds = Math.floor(new Date((event.target as HTMLInputElement).value).getTime() / 1000);
        on.use(act({ selected_date_time: seconds }), String(seconds));
      }} />` as VNode;
    case 'radio_buttons':
    case 'checkboxes':
      return html`<${Choices} element=${element} on=${on} options=${options} />` as VNode;
    case 'multi_external_select': {
      const picked = (on.current?.selected_options ?? []) as Option[];
      const use = (next: Option[]) => on.use(act({ selected_options: next }), next);
      return html`<div class="several">${picked.map(
        (
          option,
        ) => html`<span class="chip">${option.text.text}<button type="button" aria-label=${`Without ${option.text.text}`}
          onClick=${() => use(picked.filter(({ value }) => value !== option.value))}>✕</button></span>`,
      )}<${Typeahead} label=${label} action=${element.action_id} placeholder=${placeholder} chosen=${null} suggest=${on.suggest} minLength=${element.min_query_length ?? 3}
        choose=${(option: Option) => !picked.some(({ value }) => value === option.value) && use([...picked, option])} /></div>` as VNode;
    }
    case 'multi_static_select':
      return html`<${Choices} element=${element} on=${on} options=${options} />` as VNode;
    case 'plain_text_input': {
      const attributes = {
        'aria-label': label,
        'aria-describedby': on.describedBy,
        'data-action': element.action_id,
        placeholder,
        maxLength: element.max_length,
      };
      return html`<${TextInput} attributes=${attributes} isMultiline=${Boolean(element.multiline)} value=${String(on.current?.value ?? '')}
        enter=${(value: string) => on.use(act({ value }), value)} />` as VNode;
    }
    default:
      return html`<p class="unknown">This page does not know elements of type “${element.type}”.</p>` as VNode;
  }
}

/** One of several, or several of several. */
function Choices({ element, on, options }: { element: Element; on: Use; options: Option[] }) {
  const single = element.type === 'radio_buttons';
  const picked = (
    single ? [on.current?.selected_option].filter(Boolean) : (on.current?.selected_options ?? [])
  ) as Option[];
  const toggle = (option: Option, isOn: boolean) => {
    if (single) return on.use({ type: element.type, action_id: element.action_id, selected_option: option }, option);
    const next = isOn ? [...picked, option] : picked.filter((other) => other.value !== option.value);
    on.use({ type: element.type, action_id: element.action_id, selected_options: next }, next);
  };
  return html`<div class="choices" role=${single ? 'radiogroup' : 'group'} aria-label=${on.label ?? 'Options'}>${options.map(
    (option) => html`<label><input type=${single ? 'radio' : 'checkbox'} name=${element.action_id}
    checked=${picked.some((other) => other.value === option.value)} onChange=${(event: Event) => toggle(option, (event.target as HTMLInputElement).checked)} /> ${option.text.text}</label>`,
  )}</div>`;
}
