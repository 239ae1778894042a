/** What a worker can have the main thread do while its event loop does not turn. */

/**
 * The main thread evaluates `expression` in the middle of what it does: a loop, a regular expression that backtracks and
 * a wait are interrupted for it (0.5 to 6 ms, Node 24.21). Native code is not (`JSON.parse`, a synchronous read): then
 * the answer comes when that returns.
 * @returns its value, where that is a plain one
 * @throws where this Node has no inspector, and when the expression throws
 */
export async function evaluateInMainThread(expression: string): Promise<unknown> {
  const { Session } = await import('node:inspector/promises');
  const session = new Session();
  session.connectToMainThread();
  try {
    const { result, exceptionDetails } = await session.post('Runtime.evaluate', {
      expression,
      returnByValue: true,
    });
    if (exceptionDetails) throw new Error(exceptionDetails.text);
    return result.value as unknown;
  } finally {
    session.disconnect();
  }
}
