import { paths } from '#lib/protocol/paths.ts';
import { readSecretFields, type SecretList, type SecretView } from '#lib/protocol/secret.ts';
import { SluiceError } from '#lib/protocol/error.ts';
import { type CliCommand, type Io, textOption, UsageError, type Values } from './command.ts';
import { askServer } from './control-client.ts';

/** More than any sign-in has. */
const MAX_INPUT_CHARACTERS = 8192;

export const secrets: CliCommand = {
  synopsis: 'set NAME --site URL (--user NAME | --header NAME) | list | remove NAME  [--session=ID] [--json]',
  summary:
    "Keeps a list's sign-ins to sites, encrypted: sets one from the standard input, lists or removes them.",
  help: `
sluice secrets set nas --site https://nas.example --user jo < password.txt
                               a login (HTTP Basic). The password is the first line of the standard input: an argument
                               would be seen by every program of this machine
sluice secrets set api --site https://api.example --header X-Api-Key < key.txt
                               a header with that value
sluice secrets list            names, sites and dates; never what is kept
sluice secrets remove nas

Each is sent to the origin of its site alone, by the built-in engine, for the downloads of its list. It is for the server
with the same SLUICE_DATA_DIR, which has to run. The page ${paths.secretsPage} does the same for the list of its browser.

  --session=ID   whose list, when there are several: sluice operator sessions. The beginning of an id will do
  --json         what is kept as one line of JSON`,
  options: {
    site: { type: 'string' },
    user: { type: 'string' },
    header: { type: 'string' },
    session: { type: 'string' },
    json: { type: 'boolean' },
  },
  arguments: { min: 1, max: 2 },
  async run([verb, name], values, io) {
    if (verb === 'list' && name === undefined) {
      const list = await ask<SecretList>('list', {}, values, io);
      return print(values['json'] === true ? [JSON.stringify(list)] : linesOf(list.secrets), io);
    }
    if (verb === 'set' && name !== undefined) {
      const secret = await ask<SecretView>('put', { name, fields: await fieldsOf(values) }, values, io);
      return print([`${secret.name} is kept for ${secret.site}.`], io);
    }
    if (verb === 'remove' && name !== undefined) {
      await ask('remove', { name }, values, io);
      return print([`${name} is removed.`], io);
    }
    throw new UsageError('Say: sluice secrets set NAME, sluice secrets list or sluice secrets remove NAME.');
  },
};

/** @throws SluiceError `connect_failed`: no server runs; and what it refuses with */
async function ask<T>(what: string, args: object, values: Values, io: Io): Promise<T> {
  const { dataDir } = io.config();
  const session = textOption(values, 'session') ?? '';
  const answer = await askServer<T>(dataDir, 'secrets', { do: what, session, ...args });
  if (answer === null)
    throw new SluiceError('connect_failed', `No server uses ${dataDir}: start it, or set SLUICE_DATA_DIR.`);
  return answer;
}

async function fieldsOf(values: Values): Promise<object> {
  const [site, user, header] = ['site', 'user', 'header'].map((name) => textOption(values, name));
  if (site === undefined) throw new UsageError('Say with --site which site it is for.');
  if ((user === undefined) === (header === undefined))
    throw new UsageError('Say either --user or --header: what is read is its password, or its value.');
  const value = await firstLine();
  const fields =
    user === undefined
      ? { site, kind: 'header', header, value }
      : { site, kind: 'basic', username: user, password: value };
  readSecretFields(fields);
  return fields;
}

async function firstLine(): Promise<string> {
  let text = '';
  for await (const part of process.stdin.setEncoding('utf8')) {
    text += part as string;
    if (text.includes('\n') || text.length > MAX_INPUT_CHARACTERS) break;
  }
  const [line = ''] = text.split(/\r?\n/, 1);
  if (line === '') throw new UsageError('What is to be kept is read from the standard input: nothing came.');
  return line;
}

function linesOf(list: readonly SecretView[]): string[] {
  if (list.length === 0) return ['This list keeps no sign-ins.'];
  const width = Math.max(...list.map(({ name }) => name.length));
  return list.map(({ name, site, updatedAt, error }) => {
    const line = `${name.padEnd(width)}  ${site}  ${updatedAt.slice(0, 10)}`;
    return error === undefined ? line : `${line}  cannot be read: set it again`;
  });
}

function print(lines: readonly string[], io: Io): number {
  for (const line of lines) io.stdout.write(`${line}\n`);
  return 0;
}
