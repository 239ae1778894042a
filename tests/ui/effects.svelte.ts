/** Runs each reader again whenever what it read changes; the answer stops them. */
export function watch(...readers: (() => void)[]): () => void {
  return $effect.root(() => {
    for (const reader of readers) $effect(reader);
  });
}
