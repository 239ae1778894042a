import { resolve } from 'node:path';
import { ENGINE_NAMES, type EngineName, isEngineName } from '#lib/protocol/media.ts';
import { PAGE_STREAM } from '#lib/protocol/page-itself.ts';
import { createLogger } from '../server/log.ts';
import { type CliCommand, type Io, textOption, UsageError, type Values } from './command.ts';
import { DownloadFollower, type NewDownloadOptions } from './download-follower.ts';
import { createBars, type ProgressOutput } from './bars.ts';
import { type CliSession, openOwnSession, openSessionAt } from './session.ts';
import { printable } from './text.ts';

const ENGINES = `${ENGINE_NAMES.join(', ')}, program:NAME`;
/** How long to wait for a server's answer to `cancel`. */
const ANSWER_MS = 3000;

export const get: CliCommand = {
  synopsis: 'URL… [--stream ID] [--engine NAME] [--sha256 HEX] [--output DIR] [--server URL] [--json]',
  summary: 'Downloads files, and the media of pages, into a folder.',
  help: `
  --stream ID     the quality to take, as \`sluice parse URL\` lists it; else the engine's default. ${PAGE_STREAM}: the page itself
  --engine NAME   ${ENGINES}; else the one that knows the address
  --sha256 HEX    what the file has to hash to: another one is not kept. For one URL
  --output DIR    where to put the files (SLUICE_DOWNLOAD_DIR, else ~/Downloads)
  --server URL    let this Sluice do it, in a new session of its own; its folder is used
  --json          one line of JSON for each change, the last one of each download final

A page or list with several videos is downloaded whole, but for those that are not available; with --stream, only the
first that has this quality. Each has an address of its own, as \`sluice parse URL\` lists it. In a terminal there are
progress bars; otherwise, JSON lines. Without a network it gives up after 2 minutes. Ctrl+C cancels what is not done yet.
Of what fails nothing is kept.`,
  options: {
    stream: { type: 'string' },
    engine: { type: 'string' },
    sha256: { type: 'string' },
    output: { type: 'string' },
    server: { type: 'string' },
    json: { type: 'boolean' },
  },
  arguments: { min: 1, max: 1000 },
  async run(urls, values, io) {
    const streamId = textOption(values, 'stream') ?? null;
    const engine = engineOption(values);
    const options: NewDownloadOptions = {
      streamId,
      // No other engine saves a page as itself.
      engine: engine === null && streamId === PAGE_STREAM ? 'http' : engine,
      sha256: sha256Option(values, urls),
    };
    const server = textOption(values, 'server');
    const output = textOption(values, 'output');
    if (server !== undefined && output !== undefined) {
      throw new UsageError('--output is for downloads of this process: a server has a folder of its own.');
    }
    const show = values['json'] === true || !io.stdout.isTTY ? jsonLines(io) : createBars(io.stdout, io.env);
    const downloads = new DownloadFollower(
      (row) => show.row(row),
      () => show.message('There was no network, or the server was not reachable, for 2 minutes: given up.'),
    );
    const session = await openSession(server, output, downloads, io, () => {
      show.message(`The connection to ${server} is lost. It is tried again; Ctrl+C gives up.`);
    });
    const stopListening = io.onInterrupt(
      () => void downloads.cancelAll(server === undefined ? null : ANSWER_MS),
    );
    try {
      downloads.attach(session);
      return await downloads.run(
        urls,
        options,
        (url, error) => show.message(`${url}: ${error.message} (${error.code})`),
        (url, what) => show.message(`${url}: ${what}`),
      );
    } finally {
      await downloads.removeFailed();
      if (downloads.isUnanswered) {
        show.message(`${server} cannot be reached: downloads that it has begun may go on there.`);
      }
      show.end();
      await session.close();
      stopListening();
    }
  },
};

/** @throws UsageError for an unknown engine */
export function engineOption(values: Values): EngineName | null {
  const name = textOption(values, 'engine') ?? null;
  if (name !== null && !isEngineName(name)) {
    throw new UsageError(`--engine is one of ${ENGINES}.`);
  }
  return name;
}

/** @throws UsageError for what is not a SHA-256, and for more than one URL */
function sha256Option(values: Values, urls: string[]): string | null {
  const hex = textOption(values, 'sha256');
  if (hex === undefined) return null;
  if (!/^[\da-f]{64}$/i.test(hex)) throw new UsageError('--sha256 takes the 64 hex digits of a SHA-256.');
  if (urls.length > 1) throw new UsageError('--sha256 is of one file: give one URL with it.');
  return hex;
}

function openSession(
  server: string | undefined,
  output: string | undefined,
  downloads: DownloadFollower,
  io: Io,
  onLost: () => void,
): Promise<CliSession> {
  const onMessage: Parameters<typeof openSessionAt>[1] = (message) => downloads.apply(message);
  if (server !== undefined) return openSessionAt(server, onMessage, onLost);
  const config = io.config();
  const downloadDir = output === undefined ? config.downloadDir : resolve(output);
  // A server's log is noise beside a progress bar.
  const level = io.env['SLUICE_LOG_LEVEL'] === undefined ? 'error' : config.logLevel;
  const log = createLogger(level, (line) => io.stderr.write(line));
  return openOwnSession({ ...config, downloadDir }, log, onMessage);
}

function jsonLines(io: Io): ProgressOutput {
  return {
    row(row) {
      io.stdout.write(`${JSON.stringify(row)}\n`);
      // Also in plain words: the file is not the one that was asked for.
      if (row.state === 'error' && row.error?.code === 'checksum_mismatch') {
        io.stderr.write(`sluice: ${printable(row.error.message)} (${row.error.code})\n`);
      }
    },
    message: (text) => void io.stderr.write(`sluice: ${text}\n`),
    end: () => {},
  };
}
