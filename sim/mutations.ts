/**
 * Mistakes that someone could make in the order of things: each is put into the product's sources as they are bundled, and
 * has to be found by the simulation. `npm run sim -- --mutate all`; docs/simulation.md has the figures.
 */
export interface Mutation {
  name: string;
  /** Relative to the repository. */
  file: string;
  from: string;
  to: string;
}

const ATTEMPT = 'src/lib/runner/download-attempt.ts';
const SYNC = 'src/lib/files/sync.server.ts';
const FOLDER = 'src/lib/files/download-folder.server.ts';
const FINISH = 'src/lib/files/finish/finish.server.ts';
const RETRY = 'src/lib/actors/download/retry.ts';

export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'done before the sync',
    file: ATTEMPT,
    from: 'await this.#options.folder.sync(this.job.download, file);',
    to: 'void this.#options.folder.sync(this.job.download, file).catch(() => undefined);',
  },
  {
    name: 'no fdatasync of the file',
    file: SYNC,
    from: "await this.#syncPath(file.path, 'datasync').then(() => this.#synced.push(file), file.reject);",
    to: 'this.#synced.push(file);',
  },
  { name: 'no fsync of the folder', file: SYNC, from: "await this.#syncPath(this.#dir, 'sync');", to: '' },
  {
    name: 'a failed sync is ignored',
    file: SYNC,
    from: '.then(() => this.#synced.push(file), file.reject)',
    to: '.then(() => this.#synced.push(file), () => this.#synced.push(file))',
  },
  {
    name: 'a failed sync is tried again',
    file: SYNC,
    from: "await this.#syncPath(file.path, 'datasync').then(",
    to: "await this.#syncPath(file.path, 'datasync').catch(() => this.#syncPath(file.path, 'datasync')).then(",
  },
  {
    name: 'the journal of another boot is trusted',
    file: 'src/lib/files/finish/retract.server.ts',
    from: 'return synced === true || boot === bootId();',
    to: 'return true;',
  },
  {
    name: 'every boot has the same id',
    file: 'src/lib/files/boot-id.server.ts',
    from: 'current ??= readBootId(BOOT_ID);',
    to: "current ??= '00000000-0000-4000-8000-000000000000';",
  },
  {
    name: 'a disk that was pulled out is trusted',
    file: 'src/lib/files/boot-id.server.ts',
    from: 'return diskEpoch === 0 ? current : `${current}:${diskEpoch}`;',
    to: 'return current;',
  },
  {
    name: 'a disk that was pulled out during the attempt is trusted',
    file: FOLDER,
    from: 'if (began !== undefined && began !== bootId())',
    to: 'if (began === null)',
  },
  {
    name: 'noted as synced before it is',
    file: FINISH,
    from: '      boot: bootId(),\n    };',
    to: '      boot: bootId(),\n      synced: true,\n    };',
  },
  {
    name: 'no journal before the link',
    file: FINISH,
    from: 'await writeJournal(workDir, journal, disk);\n    const finished',
    to: 'const finished',
  },
  {
    name: 'a begun move is not resumed',
    file: ATTEMPT,
    from: 'isNew ? null : await folder.resumeFinish(job.download);',
    to: 'null;',
  },
  {
    name: 'no second name of a landed file',
    file: FINISH,
    from: "      case 'linked':\n        await disk.rename(source, landedLinkOf(workDir, journal.source));",
    to: "      case 'linked':\n        await disk.rm(source, { force: true });",
  },
  {
    name: 'commands leave before the commit',
    file: 'src/lib/actors/session/session-actor.ts',
    from: 'this.#ctx.storage.sync().then(() => {',
    to: 'Promise.resolve().then(() => {',
  },
  {
    name: 'answers leave before the commit',
    file: 'src/lib/actors/durable/output-gate.ts',
    from: 'if (this.#isOpen(output.owner)) output.leave();',
    to: 'if (this.#held.length === 0) output.leave();',
  },
  {
    name: 'a repeated command is done again',
    file: 'src/lib/actors/session/commands.ts',
    from: 'const known = log.recall(id, text, now);',
    to: 'const known = null as ReturnType<typeof log.recall>;',
  },
  {
    name: 'no intent before a removal',
    file: 'src/lib/actors/session/removals.ts',
    from: '    this.#kv.put(PREFIX + id, intent);\n',
    to: '',
  },
  {
    name: 'a removal is not synced',
    file: 'src/lib/runner/remove-files.ts',
    from: "if (cleanup.for === 'discard') await folder.syncRemovals();",
    to: '',
  },
  {
    name: 'a landed file is not taken back',
    file: FOLDER,
    from: 'if (!keepFile) await this.undoFinish(download);',
    to: '',
  },
  {
    name: 'no lease of a session at work',
    file: 'src/lib/actors/session/live-downloads.ts',
    from: "this.#parts.deadlines.set('lease', this.#parts.env.clock.now() + RENEW_LEASE_MS);",
    to: '',
  },
  {
    name: 'an outage costs tries',
    file: RETRY,
    from: ' || (error.transient && isAway(error))',
    to: '',
  },
  { name: 'a missing disk is final', file: RETRY, from: "  'disk_missing',\n", to: '' },
  {
    name: 'a folder without its mark is used',
    file: 'src/lib/files/download-root/download-root.server.ts',
    from: 'if (known !== null && !(await this.#isKnown(known, folder, found)))',
    to: 'if (known === undefined)',
  },
  {
    name: 'a new folder is not synced',
    file: 'src/lib/files/download-root/mark.server.ts',
    from: 'await syncNames(downloadDir);\n',
    to: '\n',
  },
  {
    name: 'the key of the instance is not synced',
    file: 'src/lib/process/instance-key.server.ts',
    from: ', flush: true });\n    syncDir(runDir);',
    to: ' });',
  },
  {
    name: 'a part of another version is taken',
    file: 'src/lib/annie/http/file/open-decision.ts',
    from: 'known !== null && (!repeatsVersion(known.validators, validators) || isOtherThan(known, validators));',
    to: 'false;',
  },
  {
    name: 'a whole answer is any size',
    file: 'src/lib/annie/http/file/open-decision.ts',
    from: 'if (expected !== null) return bytes === expected;',
    to: 'if (expected !== null) return true;',
  },
  {
    name: 'a file whose sync may have failed is not written again',
    file: FINISH,
    from: '} else if (journal.synced !== true) {',
    to: '} else if (journal.synced === undefined && finished === undefined) {',
  },
  {
    name: 'what a reused work dir held before is its own',
    file: 'src/lib/files/finish/retract.server.ts',
    from: "if (isOther || journal.state === 'none') return 'of another download';",
    to: '',
  },
];
