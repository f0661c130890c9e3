/** What is left to do inside the new system: the maintainer scripts. */

/** Runs a command in a container of the image and hands the changes it made to `keep`, as a layer archive with whiteouts. */
export type SecondStage = (stage: {
  /** The image's id. */
  readonly image: string;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** To be called with each line that the command writes. */
  readonly onLine: (line: string) => void;
  /** Ends the command. */
  readonly signal?: AbortSignal;
  /** Must have read the archive when it ends: the container is gone afterwards. Its result is the stage's. */
  readonly keep: (changes: AsyncIterable<Uint8Array>) => Promise<string>;
}) => Promise<string>;

export const SECOND_STAGE_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LC_ALL: 'C.UTF-8',
  DEBIAN_FRONTEND: 'noninteractive',
  DEBCONF_NONINTERACTIVE_SEEN: 'true',
};

/**
 * The packages are unpacked without dpkg, so their preinst scripts run first, dependencies before what needs them, as
 * dpkg would have called them: `preinst install`. Then dpkg configures everything. See dpkg(1), deb-preinst(5).
 */
export function secondStageCommand(packages: readonly string[]): readonly string[] {
  const script = `set -e
cd /
for package in ${packages.join(' ')}; do
  for preinst in /var/lib/dpkg/info/$package.preinst /var/lib/dpkg/info/$package:*.preinst; do
    if [ -x "$preinst" ]; then
      DPKG_MAINTSCRIPT_PACKAGE=$package DPKG_MAINTSCRIPT_NAME=preinst DPKG_ROOT= DPKG_ADMINDIR=/var/lib/dpkg "$preinst" install
    fi
  done
done
dpkg --configure -a
`;
  return ['/bin/sh', '-c', script];
}
