export interface Mutation {
  name: string;
  /** Relative to the repository. */
  file: string;
  from: string;
  to: string;
}
export const MUTATIONS: readonly Mutation[] = [];
