const GAP_PX = 6;
const EDGE_PX = 8;

/**
 * Puts a popover below the button that opened it, inside the page's width. CSS anchors would do it, but not yet in
 * every browser that has popovers.
 */
export function place(event: ToggleEvent & { currentTarget: HTMLElement }): void {
  const popover = event.currentTarget;
  if (event.newState !== 'open') return;
  const button = document.querySelector(`[popovertarget="${popover.id}"]`);
  if (button === null) return;
  const { left, right, bottom } = button.getBoundingClientRect();
  const width = popover.offsetWidth;
  const room = document.documentElement.clientWidth;
  const wanted = left + width + EDGE_PX <= room ? left : right - width;
  popover.style.insetInlineStart = 'auto';
  popover.style.insetBlockStart = 'auto';
  popover.style.position = 'absolute';
  popover.style.left = `${Math.max(EDGE_PX, Math.min(wanted, room - width - EDGE_PX)) + scrollX}px`;
  popover.style.top = `${bottom + GAP_PX + scrollY}px`;
}
