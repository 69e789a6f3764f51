/** Name, command, arguments, signals and V8 flags of this process. */
import {isUtf8} from 'node:buffer';
import {readFileSync, writeFileSync} from 'node:fs';
import {basename} from 'node:path';
import process from 'node:process';

/** The launcher (scripts/build.ts) sets it to its process id, which spoke keeps. A child that inherits the variable has another id. */
const hangupIgnored = 'SPOKE_HUP_IGNORED';

/** Call it before anything else but `argumentProblem`. */
export function setUpProcess(): void {
	// By default Node opens an inspector on 127.0.0.1:9229, accessible to every user of the machine.
	process.on('SIGUSR1', noop);
	if (isHangupIgnored()) {
		process.on('SIGHUP', noop);
	}

	process.title = ['spoke', ...process.argv.slice(2)].join(' ');
	if (process.platform === 'linux') {
		nameMainThread();
	}
}

/**
Why an argument cannot be used, or `null`: Node decodes each byte that is not UTF-8 to U+FFFD, so spoke would send another name or command.
Call it before `setUpProcess`, whose title replaces the bytes. Without /proc, it is unknown whether the argument had U+FFFD itself.
*/
export function argumentProblem(typed: readonly string[] = process.argv.slice(2), commandLine = '/proc/self/cmdline'): string | null {
	const suspect = typed.find(argument => argument.includes(replacementCharacter));
	if (suspect === undefined) {
		return null;
	}

	try {
		const raw = readFileSync(commandLine, 'latin1').split('\0').slice(0, -1).slice(-typed.length);
		const undecodable = typed.find((_, index) => !isUtf8(Buffer.from(raw[index] ?? '', 'latin1')));
		return undecodable === undefined ? null : `the argument ${JSON.stringify(undecodable)} has bytes that are not UTF-8`;
	} catch {
		return `the argument ${JSON.stringify(suspect)} contains U+FFFD, and it is unknown whether that stands for bytes that are not UTF-8`;
	}
}

const replacementCharacter = '\uFFFD';

/**
SIGHUP at the start (nohup, `trap '' HUP`). Node resets all signals before any code runs, so only the launcher knows. Without it (`node
build/spoke.js`), bash and zsh show nohup in `$_`.
*/
export function isHangupIgnored(): boolean {
	return process.env[hangupIgnored] === String(process.pid) || basename(process.env['_'] ?? '') === 'nohup';
}

/** What starts this program again, without its arguments. A single executable needs no script. */
export function ownCommand(): readonly [program: string, ...args: string[]] {
	const {execPath, execArgv, argv} = process;
	return process.getBuiltinModule('node:sea').isSea() ? [execPath] : [execPath, ...execArgv, argv[1]!];
}

/** The default of each flag that was set. */
const restoredFlags = new Map<string, string>();

/**
Sets a flag of V8 until the process exits, when `restored`, its default, returns: V8 rejects compiled code that was stored with other flags
than those at the start.
*/
export function setV8Flag(flag: string, restored: string): void {
	if (restoredFlags.has(flag)) {
		return;
	}

	// Most commands set none, and loading the module takes time.
	const {setFlagsFromString} = process.getBuiltinModule('node:v8');
	if (restoredFlags.size === 0) {
		process.prependOnceListener('exit', () => {
			for (const before of restoredFlags.values()) {
				setFlagsFromString(before);
			}
		});
	}

	restoredFlags.set(flag, restored);
	setFlagsFromString(flag);
}

/** The title also sets the name, to 15 bytes, but killall and lsof match the program's name alone. */
function nameMainThread(): void {
	try {
		writeFileSync('/proc/self/comm', 'spoke');
	} catch {
		// Without /proc, only the title is set.
	}
}

function noop(): void {
	// A listener replaces the default effect of a signal.
}
