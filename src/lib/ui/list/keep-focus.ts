import type { Attachment } from 'svelte/attachments';

/**
 * When the focused element is removed, the focus would fall to <body>, at the top of the page: it goes to `nextFocus()`
 * instead.
 * @param nextFocus called after the change; `lost` had the focus and is no longer in the document
 */
export function keepFocus(
  nextFocus: (lost: Element) => HTMLElement | null | undefined,
): Attachment<HTMLElement> {
  return (element) => {
    let focused: Element | null = null;

    const focusin = ({ target }: FocusEvent) => (focused = target as Element);
    // Chromium sends focusout before it removes an element, Firefox not at all: check afterwards.
    const focusout = ({ target }: FocusEvent) =>
      queueMicrotask(() => {
        if (target === focused && focused?.isConnected) focused = null;
      });
    const observer = new MutationObserver(() => {
      const lost = focused;
      if (lost === null || lost.isConnected) return;
      focused = null;
      if (document.activeElement === document.body) nextFocus(lost)?.focus();
    });

    element.addEventListener('focusin', focusin);
    element.addEventListener('focusout', focusout);
    observer.observe(element, { childList: true, subtree: true });
    return () => {
      element.removeEventListener('focusin', focusin);
      element.removeEventListener('focusout', focusout);
      observer.disconnect();
    };
  };
}
