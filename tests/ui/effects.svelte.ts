/** Runs each function as an effect. @returns stops them */
export function watch(...readers: (() => void)[]): () => void {
  return $effect.root(() => {
    for (const reader of readers) $effect(reader);
  });
}
