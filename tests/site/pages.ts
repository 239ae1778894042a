function gallery(players: number): string {
  const film = (i: number): string =>
    `<video src="/file/film-${i}.mp4?size=100&amp;seed=${i}&amp;type=video/mp4" title="Film ${i}"></video>`;
  return `<!doctype html><title>Gallery</title>${Array.from({ length: players }, (_, i) => film(i)).join('\n')}`;
}

/** Pages with media on them, by path. `{base}` is the site's own address. */
export const PAGES: Record<string, string> = {
  '/page/three': `<!doctype html><html><head><title>Three clips &amp; a song</title>
<meta property="og:site_name" content="Clip Club"></head><body>
<h2>One</h2><video src="/file/one.mp4?size=300000&amp;seed=11&amp;type=video/mp4" title="Clip one" controls></video>
<h2>Two</h2><video controls title="Clip two"><source src="../file/two.mp4?size=400000&amp;seed=12&amp;type=video/mp4" type="video/mp4"></video>
<h2>Three</h2><p><a href="/file/three.webm?size=500000&amp;seed=13&amp;type=video/webm">Clip three</a></p>
<a href="/page/empty">about</a> <a href="mailto:x@example.com">mail</a>
</body></html>`,
  '/page/sources': `<!doctype html><title>One film, two sizes</title>
<video poster="/p.jpg"><source src="/file/film-720.mp4?size=600000&amp;seed=21&amp;type=video/mp4" type="video/mp4" label="720p" size="720">
<source src="/file/film-360.mp4?size=200000&amp;seed=22&amp;type=video/mp4" type="video/mp4" label="360p" size="360"></video>`,
  '/page/og': `<!doctype html><html><head><title>plain title</title><meta property="og:title" content="The og title">
<meta property="og:video" content="{base}/file/og.mp4?size=100000&amp;seed=31&amp;type=video/mp4">
<meta property="og:video:secure_url" content="{base}/file/og.mp4?size=100000&amp;seed=31&amp;type=video/mp4">
<meta name="twitter:player:stream" content="/file/og.mp4?size=100000&amp;seed=31&amp;type=video/mp4"></head>
<body><video src="/file/og.mp4?size=100000&amp;seed=31&amp;type=video/mp4"></video></body></html>`,
  '/page/json-ld': `<!doctype html><title>t</title><script type="application/ld+json">
{"@context":"https://schema.org","@graph":[{"@type":"WebPage","name":"x"},{"@type":["VideoObject","Thing"],"name":"From the graph",
"contentUrl":"/file/graph.mp4?size=110000&seed=41&type=video/mp4"}]}</script>
<script type="application/ld+json">{ broken</script>
<script type="application/ld+json">[{"@type":"AudioObject","name":"A song","contentUrl":"/file/song.mp3?size=120000&seed=42&type=audio/mpeg"}]</script>`,
  '/page/base': `<!doctype html><base href="/file/"><title>Base</title><audio src="based.mp3?size=5000&amp;seed=51&amp;type=audio/mpeg"></audio>`,
  '/page/hls': `<!doctype html><title>Streamed</title><video><source src="/media/ts/master.m3u8" type="application/x-mpegURL"></video>`,
  '/page/hostile': `<!doctype html><title>../../etc/passwd\u202egpj.exe &lt;img src=x onerror=alert(1)&gt;\n\t"; rm -rf / #</title>
<video src="/file/h.mp4?size=1000&amp;seed=61&amp;type=video/mp4"></video><video src="file:///etc/passwd"></video>
<video src="javascript:alert(1)"></video><video src="http://169.254.169.254/x.mp4"></video><a href="http://[bad/x.mp4">x</a>`,
  '/page/gallery': gallery(140),
  '/page/endless': gallery(520),
  '/page/empty':
    '<!doctype html><title>Nothing here</title><p>Words only. <a href="/page/three">more</a></p>',
  '/page/dead-links': '<!doctype html><title>Dead</title><a href="/nowhere/x.mp4">gone</a>',
};
