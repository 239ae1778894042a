import { tick } from 'svelte';

/** The text of the address field, so that others can put an address back into it. */
export class Draft {
  text = $state('');
  /** Set while it is on the page. */
  field: HTMLTextAreaElement | null = null;

  focus(): void {
    this.field?.focus();
  }

  /** Adds a line and focuses the field. */
  async append(url: string): Promise<void> {
    this.text = this.text === '' ? url : `${this.text}\n${url}`;
    await tick();
    this.focus();
    this.field?.setSelectionRange(this.text.length, this.text.length);
  }
}
