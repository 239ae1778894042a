/** Runs the site by hand: `node tests/site/serve.ts [port] [--tls]`. */
import { mediaMissing } from './media.ts';
import { PAGES } from './pages.ts';
import { startSite } from './site.ts';

const [port = '0'] = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const site = await startSite({ port: Number(port), tls: process.argv.includes('--tls') });
console.log(site.url);
console.log(`  /file/NAME?size=&seed=&rate=&fault=&disposition=&type=`);
for (const path of Object.keys(PAGES)) console.log(`  ${path}`);
if (mediaMissing !== null) console.log(`  no HLS and DASH: ${mediaMissing}`);
else {
  for (const path of ['ts/master', 'fmp4/index', 'byterange/index', 'aes/index', 'audio/master']) {
    console.log(`  /media/${path}.m3u8`);
  }
  console.log('  /live/ts/high.m3u8\n  /media/dash/index.mpd\n  /media/clip.mp4');
}
