/** Processes of this machine by PID and start time, because PIDs are reused. */
import {execFile} from 'node:child_process';
import {readFileSync} from 'node:fs';
import process from 'node:process';

export type ProcessIdentity = {
	pid: number;
	/** As the system shows it; only equality counts. */
	startTime: string;
};

/** `null` if there is no such process, or only its exit status is left (a zombie). @throws Error if the system cannot say */
export async function readProcess(pid: number, platform: string = process.platform): Promise<ProcessIdentity | null> {
	const startTime = platform === 'linux' ? startTimeInProc(pid) : await startTimeInPs(pid);
	return startTime === null ? null : {pid, startTime};
}

/** False also if another process has got the id. @throws Error if the system cannot say */
export async function isProcessRunning({pid, startTime}: ProcessIdentity): Promise<boolean> {
	return (await readProcess(pid))?.startTime === startTime;
}

/** @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
function startTimeInProc(pid: number): string | null {
	try {
		const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
		// The name of the program, in parentheses, can contain blanks and parentheses.
		const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
		// Clock ticks since the start of the machine.
		const startTicks = fields[19];
		return isEnded(fields[0]) ? null : `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()} ${startTicks}`;
	} catch (error) {
		if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) {
			return null;
		}

		throw error;
	}
}

async function startTimeInPs(pid: number): Promise<string | null> {
	const {promise, resolve, reject} = Promise.withResolvers<string | null>();
	const env = {PATH: '/bin:/usr/bin', LC_ALL: 'C', TZ: 'UTC'};
	execFile('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {env}, (error, stdout) => {
		const [state, ...startTime] = stdout.trim().split(/\s+/);
		if (error === null || error.code === 1) {
			resolve(error !== null || isEnded(state) ? null : startTime.join(' '));
		} else {
			reject(error);
		}
	});
	return promise;
}

function isEnded(state = ''): boolean {
	return /^[XxZ]?$/.test(state[0] ?? '');
}
