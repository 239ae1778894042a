/** An answer of a session over HTTP, as plain data: a Response costs more than most answers take to make. */
export interface PlainAnswer {
  status: number;
  /** Names in lower case. */
  headers: Record<string, string>;
  /** null = none. */
  body: string | null;
}

export function jsonAnswer(value: unknown, status = 200, headers: Record<string, string> = {}): PlainAnswer {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(value),
  };
}

/** For hosts that speak web standards. */
export function responseOf({ body, ...init }: PlainAnswer): Response {
  return new Response(body, init);
}
