/** Names and values that an answer sets; those that it removes have ''. */
export function setCookiesOf({ headers }: Pick<Response, 'headers'>): [name: string, value: string][] {
  return headers.getSetCookie().map((line) => {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
    return [name, value];
  });
}
