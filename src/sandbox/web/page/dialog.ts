/** What every dialog does for the keyboard: where the focus is, and what Escape closes. */
import type { RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

const FIELDS = '.body input, .body select, .body textarea, footer button';

/**
 * Focuses the first field on opening, keeps the focus inside while the dialog changes, and gives it back on closing.
 * @param dialog the element of the dialog; it has `tabindex="-1"`, so that a click on its text leaves the focus inside
 */
export function useDialog(dialog: RefObject<HTMLElement | null>, close: () => void): void {
  const last = useRef<{ element: Element; action: string | undefined } | null>(null);
  const closing = useRef(close);
  closing.current = close;

  // Before the browser takes the focus out of what has just become inert.
  useLayoutEffect(() => {
    const before = document.activeElement;
    const onFocus = (event: FocusEvent) => {
      const element = event.target as HTMLElement;
      last.current = dialog.current?.contains(element) ? { element, action: element.dataset.action } : null;
    };
    const onKey = (event: KeyboardEvent) => {
      const { activeElement } = document;
      // Of two dialogs, one on the other, the lower one is inert.
      if (event.key !== 'Escape' || dialog.current?.closest('[inert]')) return;
      if (activeElement === document.body || dialog.current?.contains(activeElement)) closing.current();
    };
    document.addEventListener('focusin', onFocus);
    document.addEventListener('keydown', onKey);
    // Somebody who types in another pane is not interrupted.
    if (!isBusyElsewhere(dialog.current)) dialog.current?.querySelector<HTMLElement>(FIELDS)?.focus();
    return () => {
      document.removeEventListener('focusin', onFocus);
      document.removeEventListener('keydown', onKey);
      if (document.activeElement === document.body || last.current) restore(before);
    };
  }, []);

  // A form that changes may drop the field that had the focus. It goes to the field of the same name, or stays in the form.
  // The first field would not do: a list that opens on focus would cover what has just been asked for.
  useLayoutEffect(() => {
    const lost = last.current;
    if (!lost || lost.element.isConnected || document.activeElement !== document.body) return;
    const same = fieldOf(dialog.current, lost.action);
    (same ?? dialog.current)?.focus();
  });
}

function isBusyElsewhere(dialog: HTMLElement | null): boolean {
  const { activeElement } = document;
  return activeElement instanceof HTMLInputElement && activeElement.closest('.pane') !== dialog?.closest('.pane');
}

const fieldOf = (dialog: HTMLElement | null, action: string | undefined): HTMLElement | null =>
  (action && dialog?.querySelector<HTMLElement>(`[data-action="${CSS.escape(action)}"]`)) || null;

/** After the pane is usable again: while it is inert, nothing in it takes the focus. */
function restore(element: Element | null): void {
  requestAnimationFrame(() => {
    if (element instanceof HTMLElement && element.isConnected && document.activeElement === document.body)
      element.focus();
  });
}
