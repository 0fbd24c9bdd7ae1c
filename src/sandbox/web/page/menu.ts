/** A small menu behind a button: it closes when something is chosen, on Escape, and when the focus leaves it. */
import type { VNode } from 'preact';
import { useRef } from 'preact/hooks';
import { html } from './store.ts';

interface MenuProps {
  readonly label: string;
  readonly sign: string;
  readonly opensUp?: boolean;
  readonly entries: readonly { readonly name: string; choose(): void }[];
}

export function Menu({ label, sign, opensUp = false, entries }: MenuProps) {
  const details = useRef<HTMLDetailsElement>(null);
  const close = () => details.current?.removeAttribute('open');
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || !details.current?.open) return;
    event.stopPropagation();
    close();
    details.current.querySelector('summary')?.focus();
  };
  const onBlur = (event: FocusEvent) => {
    if (!details.current?.contains(event.relatedTarget as Node | null)) close();
  };
  return html`<details class=${opensUp ? 'overflow up' : 'overflow'} ref=${details} onKeyDown=${onKey} onFocusOut=${onBlur}>
    <summary aria-label=${label}>${sign}</summary>
    <div class="menu">${entries.map(
      (entry) =>
        html`<button type="button" onClick=${() => {
          close();
          entry.choose();
        }}>${entry.name}</button>`,
    )}</div></details>` as VNode;
}
