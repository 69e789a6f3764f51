/** What other programs see of this process, and the signals that nobody meant for it. */
import {writeFileSync} from 'node:fs';
import {basename} from 'node:path';
import process from 'node:process';

/** Set by the launcher (scripts/build.ts) to its own process id, which is ours; a child that inherits it has another one. */
const hangupIgnored = 'SPOKE_HUP_IGNORED';

/** To be called before anything else. */
export function settleProcess(): void {
	// Node's own answer to it is an inspector on 127.0.0.1:9229, open to every user of the machine.
	process.on('SIGUSR1', ignore);
	if (isHangupIgnored()) {
		process.on('SIGHUP', ignore);
	}

	process.title = ['spoke', ...process.argv.slice(2)].join(' ');
	if (process.platform === 'linux') {
		nameMainThread();
	}
}

/**
Whether whoever started us ignores SIGHUP (nohup, `trap '' HUP`). Node resets all signals before any code of ours runs, so only the launcher can tell;
of a start without it (`node build/spoke.js`) bash and zsh tell by `$_`.
*/
export function isHangupIgnored(): boolean {
	return process.env[hangupIgnored] === String(process.pid) || basename(process.env['_'] ?? '') === 'nohup';
}

/** The title sets the name to its first 15 bytes; killall and lsof look for the program's name alone. */
function nameMainThread(): void {
	try {
		writeFileSync('/proc/self/comm', 'spoke');
	} catch {
		// Without /proc only the title tells.
	}
}

function ignore(): void {
	// The signal has a listener, and so does nothing else.
}
