/**
 * A child process that adds downloads as fast as the server takes them, `atOnce` at a time, to all sessions in turn.
 * Receives a Plan, sends an AddsResult.
 */
import { fieldOf, HttpConnection } from '../load/http-connection.ts';

export interface Plan {
  url: string;
  tokens: string[];
  adds: number;
  atOnce: number;
  /** The address of the files, to which a number and a name are added. */
  origin: string;
  hasCommandIds: boolean;
}

export interface AddsResult {
  /** `session index:id` of each add that was answered with 202. */
  ids: string[];
  latenciesMs: number[];
  seconds: number;
  /** The number of answers with each other status. */
  refused: Record<string, number>;
  retryAfter: string | null;
  /** CPU time of the generator itself. */
  cpuMs: number;
}

process.once('message', (plan: Plan) => {
  void run(plan).then((taken) => process.send?.(taken));
});
process.on('disconnect', () => process.exit());

async function run({ url, tokens, adds, atOnce, origin, hasCommandIds }: Plan): Promise<AddsResult> {
  const taken: AddsResult = { ids: [], latenciesMs: [], seconds: 0, refused: {}, retryAfter: null, cpuMs: 0 };
  const connections = await Promise.all(Array.from({ length: atOnce }, () => HttpConnection.open(url)));
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  let next = 0;
  const add = async (connection: HttpConnection): Promise<void> => {
    while (next < adds) {
      const number = next++;
      const session = number % tokens.length;
      const body = JSON.stringify({
        url: `${origin}file-${number}.mp4`,
        engine: 'http',
        ...(hasCommandIds ? { commandId: `add-${number}` } : {}),
      });
      const askedAt = performance.now();
      const answer = await connection.ask('POST', '/api/downloads', tokens[session] ?? '', body);
      taken.latenciesMs.push(performance.now() - askedAt);
      if (answer.status === 202) {
        taken.ids.push(`${session}:${(JSON.parse(answer.body) as { id: string }).id}`);
      } else {
        taken.refused[answer.status] = (taken.refused[answer.status] ?? 0) + 1;
        taken.retryAfter = fieldOf(answer, 'retry-after');
      }
    }
  };
  await Promise.all(connections.map(add));
  taken.seconds = (performance.now() - startedAt) / 1000;
  const used = process.cpuUsage(cpu);
  taken.cpuMs = (used.user + used.system) / 1000;
  for (const connection of connections) connection.close();
  return taken;
}
