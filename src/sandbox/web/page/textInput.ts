/** A line or several lines of text in a form. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { html } from './store.ts';

interface TextInputProps {
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly isMultiline: boolean;
  /** What the form holds now. It is behind what is typed by the time of one answer. */
  readonly value: string;
  enter(value: string): void;
}

/** Shows what is typed as long as the field has the focus, so that an answer on its way undoes no letter. */
export function TextInput({ attributes, isMultiline, value, enter }: TextInputProps) {
  const [typed, setTyped] = useState<string | null>(null);
  const common = {
    ...attributes,
    value: typed ?? value,
    onInput: (event: Event) => {
      const now = (event.target as HTMLInputElement).value;
      setTyped(now);
      enter(now);
    },
    onBlur: () => setTyped(null),
  };
  return (
    isMultiline ? html`<textarea rows="3" ...${common}></textarea>` : html`<input type="text" ...${common} />`
  ) as VNode;
}
