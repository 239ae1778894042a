import type { Attachment } from 'svelte/attachments';

/**
 * When what has the focus is taken out of an element, the focus would fall to <body> and a keyboard user would begin
 * at the top of the page: it goes where `heir` says instead.
 * @param heir called once the page is as it will be; `lost` had the focus, and is out of the page by now
 */
export function keepFocus(heir: (lost: Element) => HTMLElement | null | undefined): Attachment<HTMLElement> {
  return (element) => {
    let focused: Element | null = null;

    const focusin = ({ target }: FocusEvent) => (focused = target as Element);
    // Chromium tells of it before it takes an element out, Firefox not at all: which it was is known a moment later.
    const focusout = ({ target }: FocusEvent) =>
      queueMicrotask(() => {
        if (target === focused && focused?.isConnected) focused = null;
      });
    const observer = new MutationObserver(() => {
      const lost = focused;
      if (lost === null || lost.isConnected) return;
      focused = null;
      if (document.activeElement === document.body) heir(lost)?.focus();
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
