/** Names a file whatever its name is, also after its inode number was given to another one. */
export function inodeKey({ ino, birthtimeNs }: { ino: bigint; birthtimeNs: bigint }): string {
  return `${ino}:${birthtimeNs}`;
}
