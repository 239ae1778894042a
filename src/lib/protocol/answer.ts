/** An HTTP response as plain data: creating a Response takes longer than most sessions need to answer. */
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

/** For hosts that expect a web-standard Response. */
export function responseOf({ body, ...init }: PlainAnswer): Response {
  return new Response(body, init);
}
