/** Processes of this machine by PID and start time, because PIDs are reused. */
import {execFile} from 'node:child_process';
import {readFileSync} from 'node:fs';
import process from 'node:process';

export type ProcessIdentity = {
	pid: number;
	/** As the system shows it; only equality counts. */
	startTime: string;
};

export type ProcessFacts = ProcessIdentity & {
	parent: number;
	isSessionLeader: boolean;
	/** `null` if the system does not show it. */
	session: number | null;
};

/** `null` if there is no such process, or only its exit status is left (a zombie). @throws Error if the system cannot say */
export async function readProcess(pid: number, platform: string = process.platform): Promise<ProcessFacts | null> {
	return platform === 'linux' ? readFromProc(pid) : readFromPs(pid);
}

/** False also if another process has got the id. @throws Error if the system cannot say */
export async function isProcessRunning({pid, startTime}: ProcessIdentity): Promise<boolean> {
	return (await readProcess(pid))?.startTime === startTime;
}

/**
The process that leads the session of this one: the shell of a terminal, or what a daemon started. `null` if it has ended or cannot be seen.
macOS shows no session ids, but marks leaders, and a leader is an ancestor. The ancestor of all, process 1, outlives everything.
@throws Error if the system cannot say
*/
export async function findSessionLeader(platform: string = process.platform): Promise<ProcessFacts | null> {
	let facts = await readProcess(process.pid, platform);
	if (facts === null || facts.session !== null) {
		return facts === null || facts.session === null ? null : readProcess(facts.session, platform);
	}

	while (facts !== null && !facts.isSessionLeader) {
		facts = facts.parent > 1 ? await readProcess(facts.parent, platform) : null;
	}

	return facts;
}

/** @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
function readFromProc(pid: number): ProcessFacts | null {
	let stat: string;
	try {
		stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
	} catch (error) {
		if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) {
			return null;
		}

		throw error;
	}

	// The name of the program, in parentheses, can contain blanks and parentheses.
	const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
	const [state = '', parent, , session] = fields;
	// Clock ticks since the start of the machine.
	const startTicks = fields[19];
	return isEnded(state)
		? null
		: {
				pid,
				startTime: `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()} ${startTicks}`,
				parent: Number(parent),
				session: Number(session),
				isSessionLeader: Number(session) === pid,
			};
}

async function readFromPs(pid: number): Promise<ProcessFacts | null> {
	const line = await lineOfPs(pid);
	if (line === null) {
		return null;
	}

	const [state = '', parent, ...startTime] = line.split(/\s+/);
	return isEnded(state)
		? null
		: {pid, startTime: startTime.join(' '), parent: Number(parent), session: null, isSessionLeader: state.includes('s')};
}

/** `null` if there is no such process. */
async function lineOfPs(pid: number): Promise<string | null> {
	const {promise, resolve, reject} = Promise.withResolvers<string | null>();
	const env = {PATH: '/bin:/usr/bin', LC_ALL: 'C', TZ: 'UTC'};
	execFile('ps', ['-o', 'stat=,ppid=,lstart=', '-p', String(pid)], {env}, (error, stdout) => {
		if (error === null) {
			resolve(stdout.trim());
		} else if (error.code === 1) {
			resolve(null);
		} else {
			reject(error);
		}
	});
	return promise;
}

function isEnded(state: string): boolean {
	return /^[XxZ]?$/.test(state[0] ?? '');
}
