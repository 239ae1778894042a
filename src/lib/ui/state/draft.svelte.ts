import { tick } from 'svelte';

/** What is being typed into the address field, for those who bring an address back to it. */
export class Draft {
  text = $state('');
  /** While it is on the page. */
  field: HTMLTextAreaElement | null = null;

  focus(): void {
    this.field?.focus();
  }

  /** Below what is typed there already. */
  async bringBack(url: string): Promise<void> {
    this.text = this.text === '' ? url : `${this.text}\n${url}`;
    await tick();
    this.focus();
    this.field?.setSelectionRange(this.text.length, this.text.length);
  }
}
