import { HttpConnection } from '../load/http-connection.ts';

interface Listed {
  id: string;
  state: string;
}

/** Every download of a session, page by page. */
export async function listAll(url: string, token: string): Promise<Listed[]> {
  const connection = await HttpConnection.open(url);
  const listed: Listed[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const path = `/api/downloads?limit=200&cursor=${cursor}`;
    const { status, body } = await connection.ask('GET', path, token);
    if (status !== 200) throw new Error(`${path}: ${status} ${body}`);
    const page = JSON.parse(body) as { downloads: Listed[]; next: string | null };
    listed.push(...page.downloads);
    cursor = page.next;
  }
  connection.close();
  return listed;
}
