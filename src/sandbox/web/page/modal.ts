import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Blocks } from './blocks.ts';
import type { Confirm, Element, Option, Use } from './elements.ts';
import { ask, html, type OpenView, type Snapshot } from './store.ts';

/** Forms, and the question before something that cannot be undone. */

export function Modal({
  state,
  viewer,
  open,
  confirm,
}: {
  state: Snapshot;
  viewer: string;
  open: OpenView;
  confirm: Use['confirm'];
}) {
  const [busy, setBusy] = useState(false);
  const close = () => void ask({ do: 'close', user: viewer, view: open.id });
  const dialog = useRef<HTMLFormElement>(null);
  // Somebody at the keyboard goes on where the form begins, and is not taken away from another form.
  useEffect(() => {
    if (document.activeElement === document.body || !document.activeElement?.closest('.modal')) {
      dialog.current?.querySelector<HTMLElement>('.body input, .body select, .body textarea, footer button')?.focus();
    }
  }, [open.id, open.view]);
  // Also while nothing has the focus, as for a moment after a form has turned into another.
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === 'Escape' && document.activeElement === document.body) close();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [open.id]);
  const { view } = open;
  if (view.type !== 'modal') return null;

  const on = (blockId: string, element: Element): Use => ({
    state,
    confirm,
    current: open.values[blockId]?.[element.action_id ?? ''],
    use: (action, value) => {
      const isInput = open.values[blockId] !== undefined;
      void ask(
        isInput
          ? { do: 'enter', user: viewer, view: open.id, action: element.action_id, value }
          : { do: 'act', user: viewer, view: open.id, block: blockId, action },
      );
    },
    suggest: async (typed) =>
      ((await ask({ do: 'suggest', user: viewer, view: open.id, action: element.action_id, typed })) ?? []) as Option[],
  });
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    await ask({ do: 'submit', user: viewer, view: open.id });
    setBusy(false);
  };

  return html`<div class="shade">
    <form class="modal" role="dialog" aria-modal="true" aria-label=${view.title.text} ref=${dialog} onSubmit=${submit} onKeyDown=${(event: KeyboardEvent) => event.key === 'Escape' && close()}>
      <header><h2>${view.title.text}</h2><button type="button" class="close" aria-label="Close" onClick=${close}>✕</button></header>
      <div class="body"><${Blocks} blocks=${view.blocks} reader=${{ state, viewer }} on=${on} errors=${open.errors} /></div>
      <footer><button type="button" class="button" onClick=${close}>${view.close?.text ?? 'Cancel'}</button>
        ${view.submit && html`<button type="submit" class="button primary" disabled=${busy}>${view.submit.text}</button>`}</footer>
    </form>
  </div>` as VNode;
}

export interface Asked {
  readonly dialog: Confirm;
  then(): void;
}

export function ConfirmDialog({ asked, done }: { asked: Asked; done(): void }) {
  const yes = useRef<HTMLButtonElement>(null);
  useEffect(() => yes.current?.focus(), []);
  const { dialog } = asked;
  return html`<div class="shade">
    <div class="modal small" role="alertdialog" aria-modal="true" aria-label=${dialog.title.text} onKeyDown=${(event: KeyboardEvent) => event.key === 'Escape' && done()}>
      <header><h2>${dialog.title.text}</h2></header>
      <div class="body"><p>${dialog.text.text}</p></div>
      <footer><button type="button" class="button" onClick=${done}>${dialog.deny.text}</button>
        <button type="button" ref=${yes} class=${`button ${dialog.style ?? 'primary'}`} onClick=${() => {
          done();
          asked.then();
        }}>${dialog.confirm.text}</button></footer>
    </div>
  </div>` as VNode;
}
