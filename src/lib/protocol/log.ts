/** Where the runner tells an operator what no session can be told. */
export type Log = (message: string, details: Record<string, unknown>) => void;
