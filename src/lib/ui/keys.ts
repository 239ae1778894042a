/** Whether keys pressed there are text input: shortcuts must ignore them. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement) return true;
  if (target instanceof HTMLSelectElement) return true;
  return target instanceof HTMLInputElement && !['checkbox', 'radio', 'button'].includes(target.type);
}

/** Whether a modal dialog or a popover is open, which takes the keys. */
export function isBlocked(): boolean {
  return document.querySelector('dialog:modal, :popover-open') !== null;
}

/** No modifier but Shift, which some layouts need for `?` and `/`. */
export function isPlain(event: KeyboardEvent): boolean {
  return !event.ctrlKey && !event.metaKey && !event.altKey && !event.isComposing;
}
