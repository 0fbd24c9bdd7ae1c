/** A select whose options the app sends while one types. Arrow keys, Enter and Escape work as in Slack. */
import type { VNode } from 'preact';
import { useId, useRef, useState } from 'preact/hooks';
import { html, type Option } from './store.ts';

interface TypeaheadProps {
  label: string;
  action: string;
  placeholder: string;
  chosen: Option | null;
  minLength: number;
  suggest(typed: string): Promise<Option[]>;
  choose(option: Option): void;
}

/** Answers to a click on an option come before the field loses the focus and its list goes. */
const CLOSE_AFTER_MS = 150;

export function Typeahead({ label, action, placeholder, chosen, minLength, suggest, choose }: TypeaheadProps) {
  const [typed, setTyped] = useState<string | null>(null);
  const [options, setOptions] = useState<Option[] | null>(null);
  const [at, setAt] = useState(0);
  const asked = useRef('');
  const list = useId();
  const look = async (text: string) => {
    setTyped(text);
    setAt(0);
    asked.current = text;
    if (text.length < minLength) return;
    const offered = await suggest(text);
    // Answers may come back in another order than the letters were typed.
    if (asked.current === text) setOptions(offered);
  };
  const pick = (option: Option | undefined) => {
    if (!option) return;
    choose(option);
    setTyped(null);
  };
  const found = options ?? [];
  const key = (event: KeyboardEvent) => {
    if (typed === null) return;
    if (event.key === 'ArrowDown') setAt(Math.min(at + 1, found.length - 1));
    else if (event.key === 'ArrowUp') setAt(Math.max(at - 1, 0));
    else if (event.key === 'Enter') pick(found[at]);
    else if (event.key === 'Escape') setTyped(null);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const isOpen = typed !== null && found.length > 0;
  const open = isOpen ? { 'aria-controls': list, 'aria-activedescendant': `${list}-${at}` } : {};
  return html`<div class="typeahead">
    <input type="text" role="combobox" aria-label=${label} aria-expanded=${isOpen} aria-autocomplete="list" ...${open} data-action=${action} autocomplete="off"
      placeholder=${chosen ? chosen.text.text : placeholder} value=${typed ?? chosen?.text.text ?? ''}
      onFocus=${() => look('')} onInput=${(event: Event) => look((event.target as HTMLInputElement).value)} onKeyDown=${key} onBlur=${() => setTimeout(() => setTyped(null), CLOSE_AFTER_MS)} />
    ${
      isOpen &&
      html`<ul role="listbox" id=${list} aria-label="Options">${found.map(
        (
          option,
          index,
        ) => html`<li role="option" id=${`${list}-${index}`} aria-selected=${index === at} class=${index === at ? 'at' : ''}
      onMouseDown=${(event: Event) => {
        event.preventDefault();
        pick(option);
      }}>${option.text.text}</li>`,
      )}</ul>`
    }
    ${typed !== null && options?.length === 0 && html`<p class="none" role="status">No results</p>`}
  </div>` as VNode;
}
