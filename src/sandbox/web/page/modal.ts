/** Forms, and the question before something that cannot be undone. */
import type { VNode } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { Blocks } from './blocks.ts';
import { useDialog } from './dialog.ts';
import type { Confirm, Element, Use } from './elements.ts';
import { ask, html, type OpenView, type Option, type Snapshot } from './store.ts';

interface ModalProps {
  readonly state: Snapshot;
  readonly viewer: string;
  readonly open: OpenView;
  readonly confirm: Use['confirm'];
  /** Whether a question is asked on top of it. */
  readonly isCovered: boolean;
}

export function Modal({ state, viewer, open, confirm, isCovered }: ModalProps) {
  const [busy, setBusy] = useState(false);
  const close = () => void ask({ do: 'close', user: viewer, view: open.id });
  const dialog = useRef<HTMLDivElement>(null);
  // The last thing typed: a form is sent after it.
  const entered = useRef<Promise<unknown>>(Promise.resolve());
  useDialog(dialog, close);
  const { view } = open;
  if (view.type !== 'modal') return null;

  const on = (blockId: string, element: Element): Use => ({
    state,
    confirm,
    current: open.values[blockId]?.[element.action_id ?? ''],
    use: (action, value) => {
      const isInput = open.values[blockId] !== undefined;
      if (isInput)
        entered.current = ask({ do: 'enter', user: viewer, view: open.id, action: element.action_id, value });
      else void ask({ do: 'act', user: viewer, view: open.id, block: blockId, action });
    },
    suggest: async (typed) =>
      ((await ask({ do: 'suggest', user: viewer, view: open.id, action: element.action_id, typed })) ?? []) as Option[],
  });
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    await entered.current;
    await ask({ do: 'submit', user: viewer, view: open.id });
    setBusy(false);
  };

  return html`<div class="shade" inert=${isCovered}>
    <div class="modal" role="dialog" aria-modal="true" aria-label=${view.title.text} tabindex="-1" ref=${dialog}><form onSubmit=${submit}>
      <header><h2>${view.title.text}</h2><button type="button" class="close" aria-label="Close" onClick=${close}>✕</button></header>
      <div class="body"><${Blocks} blocks=${view.blocks} reader=${{ state, viewer }} on=${on} errors=${open.errors} /></div>
      <footer><button type="button" class="button" onClick=${close}>${view.close?.text ?? 'Cancel'}</button>
        ${view.submit && html`<button type="submit" class="button primary" disabled=${busy}>${view.submit.text}</button>`}</footer>
    </form></div>
  </div>` as VNode;
}

export interface Asked {
  readonly dialog: Confirm;
  then(): void;
}

export function ConfirmDialog({ asked, done }: { asked: Asked; done(): void }) {
  const question = useRef<HTMLDivElement>(null);
  useDialog(question, done);
  const { dialog } = asked;
  return html`<div class="shade">
    <div class="modal small" role="alertdialog" aria-modal="true" aria-label=${dialog.title.text} tabindex="-1" ref=${question}>
      <header><h2>${dialog.title.text}</h2></header>
      <div class="body"><p>${dialog.text.text}</p></div>
      <footer><button type="button" class="button" onClick=${done}>${dialog.deny.text}</button>
        <button type="button" class=${`button ${dialog.style ?? 'primary'}`} onClick=${() => {
          done();
          asked.then();
        }}>${dialog.confirm.text}</button></footer>
    </div>
  </div>` as VNode;
}
