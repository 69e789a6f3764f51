/** The program that a copy runs in the container, and how names reach it. */
import type {CopyDirection} from './copy-passes.ts';

/**
A POSIX shell program (dash, BusyBox, bash). It greets with the programs that the image lacks, and then reads one request per line. No name
is ever part of a command line: names arrive with octal escapes, and only `printf` decodes them. Its arguments are the id of the container
whose files it serves (in a debug container, else empty) and the direction of the copy. `list` enters no pseudo file system.

| request | response |
| --- | --- |
| `root PATH` | `dir`, `file`, `none`, `denied` or `other`, and changes into the directory |
| `list` | batches of `N COUNT`, COUNT times access, name, NUL, target of the link, NUL, and COUNT lines `MODE SIZE MTIME`; then `E` |
| `get NAME…` | `D SIZE…`, so many bytes of each file, `E`, the lines of `sha256sum`, `E`. Without sizes if a file is gone |
| `target PATH` | `dir`, `file`, `none`, `special`, `parent` or `denied`, and changes into the directory to write to |
| `make NAME` | `made`, `there`, or what is wrong |
| `put SIZE MODE MTIME TEMPORARY NAME`, SIZE bytes, `DIGEST` | `ok` if these are stored, else `short`, `differs`, or what is wrong |
| `link TARGET NAME` | `ok`, or what is wrong |
| `attributes MODE MTIME NAME` | `ok` |
| `end` | ends the program |
| `relay PID` | – : the process that relays the requests |
*/
const copyProgram = String.raw`
LC_ALL=C
export LC_ALL
# The files of another container are those below the root of its first process, which its control group names. Without an argument: no prefix.
serve() {
	base=
	[ "$1" ] || return 0
	for p in /proc/[0-9]*; do
		case $(cat "$p/cgroup" 2>/dev/null) in
		*"$1"*) if [ -z "$base" ] || [ "${'$'}{p#/proc/}" -lt "${'$'}{base#/proc/}" ]; then base=$p; fi;;
		esac
	done
	if [ -z "$base" ]; then echo 'spoke-cp unseen'; exit 0; fi
	base=$base/root
	if ! cd "$base/" 2>/dev/null; then echo 'spoke-cp denied'; exit 0; fi
}
# The kernel would resolve an absolute link of the other container from the root of this one.
enter() {
	[ "$base" ] || return 0
	w=$n n=$base k=0 e=
	case $w in */) e=/;; esac
	while [ "$w" ]; do
		case $w in /*) w=${'$'}{w#/}; continue;; */*) c=${'$'}{w%%/*} w=${'$'}{w#*/};; *) c=$w w=;; esac
		case $c in
		.) ;;
		..) if [ "$n" != "$base" ]; then n=${'$'}{n%/*}; fi;;
		*)
			if [ "$k" -lt 40 ] && [ -L "$n/$c" ] && l=$(readlink "$n/$c" && printf .); then
				k=$((k + 1)) l=${'$'}{l%??}
				case $l in /*) n=$base;; esac
				w=$l/$w
			else
				n=$n/$c
			fi
			;;
		esac
	done
	n=$n$e
}
name() { case $1 in *\\*) n=$(printf '%b.' "$1"); n=${'$'}{n%.};; *) n=$1;; esac; }
each() {
	c=$1
	shift
	k=$#
	while [ "$k" -gt 0 ]; do
		name "$1"
		shift
		set -- "$@" "$n"
		k=$((k - 1))
	done
	"$c" "$@"
}
# Below the directory to read or to write to. The kernel generates the files of pseudo mounts: they have no size, or no end. Not for a source
# that is within one.
find_mounts() {
	mounts= pseudo= within=
	if [ "$base" ]; then t=${'$'}{n#"$base"} m=${'$'}{base%/root}/mounts; else t=$(pwd -P) m=/proc/mounts; fi || return 0
	t=${'$'}{t%/}
	[ -r "$m" ] || return 0
	while read -r k p k w; do
		l=
		# The kernel writes a space as \040, as a format does.
		case $p in *%*) ;; *\\*) p=$(printf "$p");; esac
		case $p in "$t"/*) l="
.${'$'}{p#"$t"}
";; esac
		mounts=$mounts$l
		case $k in
		proc | sysfs | devpts | mqueue | cgroup | cgroup2 | securityfs | debugfs | tracefs | bpf | pstore | configfs | fusectl | binfmt_misc)
			case $t/ in "$p"/*) within=1;; esac
			pseudo=$pseudo$l
			;;
		esac
	done <"$m"
	if [ "$within" ]; then pseudo=; fi
}
has_line() {
	case $1 in *"
$2
"*) return 0;; esac
	return 1
}
root() {
	name "$1"
	enter
	if [ -d "$n" ]; then
		if cd "$n" 2>/dev/null && [ -r . ]; then file= kind=dir; find_mounts; else kind=denied; fi
	elif [ -f "$n" ]; then
		file=./${'$'}{n##*/}
		if [ -r "$n" ] && cd "${'$'}{n%/*}/" 2>/dev/null; then kind=file; else kind=denied; fi
	elif [ -e "$n" ]; then
		kind=other
	else
		kind=none
	fi
	echo "$kind"
}
entry() {
	l= t=r
	if [ -L "$1" ]; then
		if l=$(readlink "$1" && printf .); then l=${'$'}{l%??}; else l=; fi
	elif has_line "$pseudo" "$1"; then
		t=p
	elif [ ! -r "$1" ] || { [ -d "$1" ] && [ ! -x "$1" ]; }; then
		t=u
	fi
	printf '%s%s\000%s\000' "$t" "$1" "$l"
}
batch() {
	[ "$#" -gt 0 ] || return 0
	echo "N $#"
	for e do entry "$e"; done
	if w=$(stat -c '%f %s %Y' "$@" 2>/dev/null); then
		printf '%s\n' "$w"
	else
		for e do stat -c '%f %s %Y' "$e" 2>/dev/null || echo -; done
	fi
}
names() {
	w=1
	for e in "$1"/* "$1"/.[!.]* "$1"/..?*; do
		if [ "$w" ]; then set --; w=; fi
		if [ -e "$e" ] || [ -L "$e" ]; then set -- "$@" "$e"; fi
		if [ "$#" -ge 100 ]; then batch "$@"; set --; w=; fi
	done
	batch "$@"
}
walk() {
	names "$1"
	for e in "$1"/* "$1"/.[!.]* "$1"/..?*; do
		if [ -d "$e" ] && [ ! -L "$e" ] && [ -r "$e" ] && [ -x "$e" ] && ! has_line "$pseudo" "$e"; then walk "$e"; fi
	done
}
list() {
	if [ "$file" ]; then
		printf 'N 1\nr%s\000\000' "$file"
		stat -L -c '%f %s %Y' "$file" 2>/dev/null || echo -
	else
		walk .
	fi
	echo E
}
# A file of size 0 is summed to its end: a generated file has content, although its size is 0.
get() {
	s=$(stat -L -c %s "$@" 2>/dev/null) || s=
	echo D $s
	if [ "$#" -gt 1 ]; then
		if [ "$s" ]; then cat "$@"; fi
		echo E
		sha256sum "$@"
	elif [ "${'$'}{s:-0}" != 0 ]; then
		head -c "$s" <"$1"
		echo E
		head -c "$s" <"$1" | sha256sum
	else
		echo E
		sha256sum <"$1"
	fi 2>/dev/null
	echo E
}
# A pipe hands out fewer bytes than dd asks for.
take() {
	b=$(($1 / 65536)) r=$(($1 % 65536))
	if [ "$b" != 0 ]; then dd bs=65536 count="$b" iflag=fullblock 2>/dev/null; fi
	if [ "$r" != 0 ]; then dd bs="$r" count=1 iflag=fullblock 2>/dev/null; fi
}
# Also a link to one, such as /dev/stdout.
is_special() { [ -e "$1" ] && [ ! -f "$1" ] && [ ! -d "$1" ]; }
target() {
	name "$1"
	parent=${'$'}{n%/*}/
	enter
	if [ -d "$n" ]; then
		if cd "$n" 2>/dev/null; then kind=dir; else kind=denied; fi
	else
		if is_special "$n"; then kind=special; elif [ -e "$n" ]; then kind=file; else kind=none; fi
		# A link at the end is replaced, not followed.
		n=$parent
		enter
		if cd "$n" 2>/dev/null; then n=${'$'}{n%/}; else kind=parent; fi
	fi
	case $kind in
	dir | file | none)
		if [ ! -w . ]; then kind=denied; fi
		find_mounts
		;;
	esac
	echo "$kind"
}
attributes() {
	if [ "$1" != - ]; then chmod "$1" "$3" 2>/dev/null; fi
	if [ "$2" != - ]; then touch -c -d "@$2" "$3" 2>/dev/null; fi
	return 0
}
# Without the line after the bytes, the stream was lost. It is compared only here, so that no response is awaited between two files.
put() {
	name "$4"
	t=$n
	name "$5"
	# A dd of one block reads all of it before it writes, so a full disk leaves no bytes in the input.
	if [ "$1" -lt 65536 ] && { true >"$t"; } 2>/dev/null; then
		take "$1" >"$t"
	else
		take "$1" | { cat >"$t" 2>/dev/null || cat >/dev/null; }
	fi
	if ! read -r d; then
		rm -f "$t"
		exit 1
	fi
	s=$(sha256sum <"$t" 2>/dev/null)
	if [ "${'$'}{s%% *}" != "$d" ]; then
		r=differs
		[ "$(stat -c %s "$t" 2>/dev/null)" = "$1" ] || r=short
	elif [ -d "$n" ] && [ ! -L "$n" ]; then
		r='a directory has its name'
	elif is_special "$n"; then
		r='a device, a pipe or a socket has its name'
	elif has_line "$mounts" "$n"; then
		r='a mounted file has its name, and cannot be replaced'
	else
		attributes "$2" "$3" "$t"
		if [ -L "$n" ]; then rm -f "$n"; fi
		if l=$(mv -f "$t" "$n" 2>&1); then
			r=ok
		else
			l=${'$'}{l##*: }
			r="it could not be put in place: mv: ${'$'}{l%%
*}"
		fi
	fi
	if [ "$r" != ok ]; then rm -f "$t"; fi
	printf '%s\n' "$r"
}
make() {
	name "$1"
	if [ -d "$n" ]; then
		echo there
	elif mkdir "$n" 2>/dev/null; then
		echo made
	else
		echo 'the directory could not be created'
	fi
}
link() {
	name "$1"
	t=$n
	name "$2"
	if [ -e "$n" ] && [ ! -L "$n" ]; then
		echo 'a file or directory has its name'
	elif rm -f "$n" 2>/dev/null && ln -s -- "$t" "$n" 2>/dev/null; then
		echo ok
	else
		echo 'the link could not be created'
	fi
}
respond() {
	while read -r request rest; do
		set -f
		set -- $rest
		set +f
		case $request in
		root) root "$1";;
		list) list;;
		get) each get "$@";;
		target) target "$1";;
		make) make "$1";;
		put) put "$@";;
		link) link "$@";;
		attributes) name "$3"; attributes "$1" "$2" "$n"; echo ok;;
		relay) relay=$1;;
		end)
			if [ "$relay" ]; then kill -KILL "$relay" 2>/dev/null; fi
			exit 0
			;;
		esac
	done
}
# After a lost stream, the runtime closes the input but keeps the unread output open. A process blocked on that output would stay as long as
# the container. So the relay waits for the end of the input, and then kills the process group.
relay() {
	if [ -r /proc/self/stat ] && read -r p request </proc/self/stat; then echo "relay $p"; else sh -c 'echo "relay $PPID"'; fi
	while IFS= read -r request; do printf '%s\n' "$request"; done
	kill -KILL "-$$" 2>/dev/null
}
serve "$1"
lacks=
for c in cat stat sha256sum readlink head dd mv; do command -v "$c" >/dev/null 2>&1 || lacks="$lacks $c"; done
[ "$lacks" ] || printf ab | dd bs=2 count=1 iflag=fullblock >/dev/null 2>&1 || lacks=' dd with iflag=fullblock'
echo "spoke-cp 1$lacks"
pseudo= mounts= relay=
if [ "$2" = from-pod ]; then relay | respond; else respond; fi
`.trim();

/** The command of exec. The word after the program is its `$0`, which process lists show. `containerId`: as in `CopySessionOptions`. */
export function copyCommand(containerId: string | null, direction: CopyDirection): readonly string[] {
	return ['sh', '-c', copyProgram, 'spoke-cp', containerId ?? '', direction];
}

/** For `printf %b`: every byte that means something to a shell, and every one that is not ASCII, as an octal escape. `name`: latin1. */
export function encodeName(name: string): string {
	return name.replaceAll(/[^\w./,:@%+=-]/g, character => `\\0${character.codePointAt(0)!.toString(8).padStart(3, '0')}`);
}

/** A path of the user, so that it is no flag of a program. */
export function encodePath(path: string): string {
	return encodeName(Buffer.from(path.startsWith('/') ? path : `./${path}`).toString('latin1'));
}
