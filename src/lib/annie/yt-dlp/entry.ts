/**
 * How our own copy of yt-dlp is started: `main()` as ever, but the process leaves as soon as that has returned.
 *
 * Python takes 45–65 ms to take 1,900 extractors apart, of memory that the kernel takes back in 2, and all that time
 * the person sees 100 % and no file. `atexit` calls the first registered function last: by then threads are joined
 * and everybody else's handlers have run. A stream that cannot be flushed raises, and Python ends its own way.
 */
const ENTRY = `
import atexit, os, sys
code = 1
def leave():
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
atexit.register(leave)
import yt_dlp
try:
    yt_dlp.main()
    code = 0
except SystemExit as end:
    code = end.code if isinstance(end.code, int) else int(end.code is not None)
    raise
`.trimStart();

/** What argv begins with. `-I` keeps the current dir and the environment out; `modules`: a folder to import from. */
export function entryCommand(python: string, modules: string | null): string[] {
  if (modules === null) return [python, '-I', '-c', ENTRY];
  return [python, '-I', '-c', `import sys; sys.path.insert(0, sys.argv.pop(1))\n${ENTRY}`, modules];
}
