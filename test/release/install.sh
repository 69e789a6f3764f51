#!/usr/bin/env bash
# Installs the deb, the archive and the npm package of dist/ on clean systems of this machine's Debian or Ubuntu, and uses each one as another
# user, with a root file system and a home directory that are read-only, and a /tmp that executes nothing. Prints a transcript, and stops at
# the first command that fails. Needs root, debootstrap, and the files that `npm run release -- --dry-run` writes.
#   npm run test:install [NODE…]     the versions of Node.js for the npm package
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# All mounts end with the inner process.
if [ "${1:-}" != --mounted ]; then
	scratch=$(mktemp -d)
	trap 'rm -rf --one-file-system "$scratch"' EXIT
	unshare --mount "$0" --mounted "$scratch" "$@"
	exit
fi
scratch=$2
shift 2
[ $# -gt 0 ] || set -- 22.18.0 24.21.0 26.10.0

# The transcript, also from inside a pipe.
exec 3>&1

dist=$PWD/dist

say() { printf '\n== %s\n' "$*"; }

# Node.js 26 needs libatomic1.
make_clean_system() {
	local release mirror
	release=$(. /etc/os-release && echo "$VERSION_CODENAME")
	mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Codename: $release" | head -n 1)
	debootstrap --variant=minbase --include=man-db,libatomic1 "$release" "$scratch/clean" "$mirror" >"$scratch/debootstrap" ||
		{ tail -n 20 "$scratch/debootstrap"; return 1; }
}

# new_system: a changeable copy of the clean system at $root.
new_system() {
	root=$(mktemp -d -p "$scratch")
	mkdir "$root/changes" "$root/work" "$root/root"
	mount -t overlay -o "lowerdir=$scratch/clean,upperdir=$root/changes,workdir=$root/work" overlay "$root/root"
	root=$root/root
	mount -t proc proc "$root/proc"
	mount --bind /dev "$root/dev"
	as_root useradd --create-home --shell /bin/bash reader
	as_root chmod 555 /home/reader
}

as_root() { chroot "$root" env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin "$@"; }

# as_reader COMMAND…: shows the command, and runs it as the other user.
as_reader() {
	echo "reader$ $*" >&3
	chroot --userspec=reader:reader "$root" env -i HOME=/home/reader PATH=/usr/local/bin:/usr/bin:/bin "$@" </dev/null
}

# Before this, root installs; after it, nothing can be changed.
protect() {
	mount -t tmpfs -o noexec,nosuid,nodev tmpfs "$root/tmp"
	chmod 1777 "$root/tmp"
	mount -o remount,ro "$root"
}

use() {
	as_reader sh -c '! touch /home/reader/file 2>/dev/null && cp /bin/true /tmp && ! /tmp/true 2>/dev/null'
	as_reader sh -c 'command -v node; true'
	as_reader spoke version
	as_reader kubectl-spoke version
	as_reader kubectl_complete-spoke logs --tai
	as_reader spoke demo --tour | tail -n 6
	as_reader man --where spoke-audit
	as_reader sh -c '! find /tmp -type f ! -name true | grep .'
}

complete_in_bash() { as_reader bash -c ". $1/share/bash-completion/completions/spoke; complete -p spoke"; }

remains() { as_root find / -xdev '(' -path /proc -o -path /dev ')' -prune -o -name '*spoke*' -print; }

try_deb() {
	say 'Debian package'
	new_system
	cp "$dist"/spoke_*.deb "$root/root/spoke.deb"
	as_root dpkg --install /root/spoke.deb
	rm "$root/root/spoke.deb"
	protect
	use
	complete_in_bash /usr
	umount "$root/tmp"
	mount -o remount,rw "$root"
	as_root dpkg --purge spoke
	[ -z "$(remains)" ] || { remains; return 1; }
}

try_archive() {
	say 'Archive'
	new_system
	tar --extract --file "$dist"/spoke-*-linux-*.tar.gz --directory "$root/usr/local" --strip-components=1 --no-same-owner
	protect
	use
	complete_in_bash /usr/local
}

# try_npm VERSION: with npm's own files from this machine, because Debian's npm brings another Node.
try_npm() {
	say "npm package on Node.js $1"
	new_system
	local node
	node=$(cd / && npm exec --yes --package="node-linux-$(node -p process.arch)@$1" -- node -p process.execPath)
	cp "$node" "$root/usr/local/bin/node"
	cp -r "$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")" "$root/usr/local/lib/npm"
	cp "$dist"/spoke-*.tgz "$root/root/spoke.tgz"
	as_root node /usr/local/lib/npm/bin/npm-cli.js install --global --offline /root/spoke.tgz
	rm "$root/root/spoke.tgz"
	protect
	use
	umount "$root/tmp"
	mount -o remount,rw "$root"
	as_root node /usr/local/lib/npm/bin/npm-cli.js uninstall --global spoke
	[ -z "$(remains)" ] || { remains; return 1; }
}

make_clean_system
try_deb
try_archive
for version; do
	try_npm "$version"
done
say 'every installation works'
