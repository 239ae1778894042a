const GAP_PX = 6;
const EDGE_PX = 8;

/**
 * Places a popover below its button, within the page's width. CSS anchor positioning is not yet in every browser with
 * popovers.
 */
export function placePopover(event: ToggleEvent & { currentTarget: HTMLElement }): void {
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
