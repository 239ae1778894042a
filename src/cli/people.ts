import { SluiceError } from '#lib/protocol/error.ts';
import type { InvitedPerson, PeopleList, PersonView } from '#lib/protocol/people.ts';
import type { PersonLimits } from '#lib/protocol/person-limits.ts';
import type { Config } from '../server/config.ts';
import { type CliCommand, type Io, textOption, UsageError, type Values } from './command.ts';
import { askServer } from './control-client.ts';
import { publicAddress } from './operator.ts';

const USAGE = 'Say: sluice people list, or sluice people add, reset, role, limit or remove NAME.';
const GIGABYTE = 1e9;

export const people: CliCommand = {
  synopsis:
    'list | add NAME | reset NAME | role NAME | limit NAME | remove NAME [--operator] [--delete-files] [--json]',
  summary: 'Lists, adds and removes the people that may sign in (SLUICE_AUTH).',
  help: `
sluice people list                    who there is
sluice people add NAME [--operator]   prints a link with which that person sets a password (with oidc: signs in as
                                      NAME): once, within three days. An operator may add and remove people on the page, and
                                      look into their lists for an hour, which they see. The first person is one
sluice people reset NAME              a new link for who forgot the password, or got another account. What is open ends
                                      at once
sluice people role NAME [--operator]  makes somebody an operator, or not any more
sluice people limit NAME [--gigabytes=N] [--slots=N] [--adds-per-day=N]
                                      what they may have on the disk, run at a time and add, over all their lists.
                                      What is not named has no limit
sluice people remove NAME             signs them out everywhere and empties their lists. Finished files stay, unless
                                      --delete-files is there

It is for the running server with the same SLUICE_DATA_DIR.

  --server URL   where people reach that server, when that is not SLUICE_ORIGINS or this machine
  --json         what the server answered, as one line of JSON`,
  options: {
    operator: { type: 'boolean' },
    'delete-files': { type: 'boolean' },
    gigabytes: { type: 'string' },
    slots: { type: 'string' },
    'adds-per-day': { type: 'string' },
    server: { type: 'string' },
    json: { type: 'boolean' },
  },
  arguments: { min: 1, max: 2 },
  async run([verb = '', name], values, io) {
    const needsName = ['add', 'reset', 'role', 'limit', 'remove'].includes(verb);
    if (needsName ? name === undefined : verb !== 'list' || name !== undefined) throw new UsageError(USAGE);
    const config = io.config();
    const role = values['operator'] === true ? 'operator' : 'person';
    const file = values['delete-files'] === true ? 'delete' : 'keep';
    const more = verb === 'limit' ? { limits: limitsOf(values) } : { role, file };
    const answer = await ask(config, { verb, ...(name === undefined ? {} : { name }), ...more });
    if (values['json'] === true) return print(JSON.stringify(answer), io);
    for (const line of linesOf(verb, name ?? '', answer, values, config)) print(line, io);
    return 0;
  },
};

function limitsOf(values: Values): PersonLimits {
  const numberOf = (option: string, unit = 1): number | null => {
    const text = textOption(values, option);
    if (text === undefined) return null;
    const number = Math.round(Number(text) * unit);
    if (!(number >= 1)) throw new UsageError(`--${option} takes a number.`);
    return number;
  };
  return {
    bytes: numberOf('gigabytes', GIGABYTE),
    slots: numberOf('slots'),
    addsPerDay: numberOf('adds-per-day'),
  };
}

/** @throws SluiceError `connect_failed` where no server runs, and what it refuses with */
async function ask(config: Config, args: object): Promise<unknown> {
  const answer = await askServer<unknown>(config.dataDir, 'people', args);
  if (answer !== null) return answer;
  throw new SluiceError(
    'connect_failed',
    `No Sluice runs with ${config.dataDir}: start sluice serve, or set SLUICE_DATA_DIR.`,
  );
}

function linesOf(verb: string, name: string, answer: unknown, values: Values, config: Config): string[] {
  switch (verb) {
    case 'list': {
      const { people: all } = answer as PeopleList;
      return all.length === 0 ? ['Nobody yet: sluice people add NAME --operator'] : all.map(lineOf);
    }
    case 'add':
    case 'reset': {
      const { path } = answer as InvitedPerson;
      if (path === null) return [`${name} may sign in by the proxy.`];
      return [new URL(path, publicAddress(values, config)).href];
    }
    case 'role':
      return [`${name} is ${values['operator'] === true ? 'an operator' : 'no operator'} now.`];
    case 'limit':
      return [`${name} has these limits now.`];
    default:
      return [`${name} is signed out and cannot sign in any more.`];
  }
}

function lineOf({ name, role, hasPassword, hasIdentity, isLeaving }: PersonView): string {
  const notes = [
    role === 'operator' ? 'operator' : null,
    hasPassword || hasIdentity ? null : 'no password yet',
    isLeaving ? 'being removed' : null,
  ].filter((note) => note !== null);
  return notes.length === 0 ? name : `${name} (${notes.join(', ')})`;
}

function print(line: string, io: Io): number {
  io.stdout.write(`${line}\n`);
  return 0;
}
