/** `npm run dev`: Vite with the whole server, and an engine that replays recordings, so that it works offline. */
import { createServer } from 'vite';
import { readConfig } from '../src/server/config.ts';

process.env['SLUICE_ENGINES'] ??= 'http,lux,yt-dlp,stand-in';
const { host, port } = readConfig(process.env, '/', '/');
const server = await createServer({ server: { host, port, strictPort: true } });
await server.listen();
server.printUrls();
server.bindCLIShortcuts({ print: true });
