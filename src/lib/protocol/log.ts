/** Logs for the operator what belongs to no session. */
export type Log = (message: string, details: Record<string, unknown>) => void;
