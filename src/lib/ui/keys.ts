/** Whether keys typed there are text: shortcuts keep out of it. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement) return true;
  if (target instanceof HTMLSelectElement) return true;
  return target instanceof HTMLInputElement && !['checkbox', 'radio', 'button'].includes(target.type);
}

/** A modal dialog or an open popover has the keys to itself. */
export function isBlocked(): boolean {
  return document.querySelector('dialog:modal, :popover-open') !== null;
}

/** A plain key: nothing held but Shift, which some layouts need for `?` and `/`. */
export function isPlain(event: KeyboardEvent): boolean {
  return !event.ctrlKey && !event.metaKey && !event.altKey && !event.isComposing;
}
