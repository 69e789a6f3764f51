/** `spoke port-forward --detach`: starts a forward in the background and waits until it is ready. */
import {spawn, type ChildProcess} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {once} from 'node:events';
import {closeSync, openSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import process from 'node:process';
import {assertPortsAreFree} from '../../detached-forwards/assert-ports-are-free.ts';
import {forwardsDirectory, logPath, removeForwardFiles} from '../../detached-forwards/detached-forward-state.ts';
import {findSessionLeader, type ProcessIdentity} from '../../detached-forwards/process-identity.ts';
import {createStateDirectory} from '../../command-line/directories.ts';
import {exitStatus, exitStatusForSignal} from '../../errors/exit-status.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import {jsonObject, writeJsonLine} from '../../output/json-line.ts';
import {noticeLine} from '../../output/notice-line.ts';
import {ownCommand} from '../../own-process.ts';
import {errorText} from '../../text/error-text.ts';
import {toTerminalCharset} from '../../text/terminal-charset.ts';
import type {ForwardMessage, ParentMessage} from './detach-messages.ts';
import {requestedListeners} from './forward-arguments.ts';
import type {ForwardInput, PortForwardInvocation} from './run-forwards.ts';

type FailedMessage = Extract<ForwardMessage, {type: 'failed'}>;

type StartResult =
	| Extract<ForwardMessage, {type: 'ready'}>
	| FailedMessage
	| {type: 'interrupted'}
	/** It ended, or never began, without a message. */
	| {type: 'lost'; reason: string | null};

/**
Resolves when the forward is ready and no longer needs this process. If this process ends before, so does the forward.
@throws SpokeError as without --detach, and ERR_PORT_IN_USE that names the detached forward that has a local port
*/
export async function detach(invocation: PortForwardInvocation, input: ForwardInput): Promise<number> {
	const {flags, given, positionals, env, stderr, interrupted} = invocation;
	const sessionLeader = flags.linger ? null : await requireSessionLeader();
	const directory = createStateDirectory(env, forwardsDirectory);
	await assertPortsAreFree(directory, requestedListeners(input.targets));
	const id = randomBytes(4).toString('hex');
	const log = logPath(directory, id);
	const child = startForwardProcess(positionals, {log, env});
	const relayed = relayUntilReady(child, invocation);
	await send(child, {
		type: 'start',
		line: {flags, given},
		input,
		directory,
		id,
		sessionLeader,
		isStderrTerminal: stderr.isTTY,
	});
	const outcome = await relayed;
	switch (outcome.type) {
		case 'ready': {
			reportDetached(invocation, {...outcome, log, sessionLeader});
			await send(child, {type: 'keep'});
			disconnect(child);
			child.unref();
			return exitStatus.ok;
		}

		case 'interrupted': {
			disconnect(child);
			await endOf(child);
			return exitStatusForSignal(interrupted.reason);
		}

		case 'failed': {
			return reportFailure(outcome, stderr);
		}

		case 'lost': {
			const [lastLine = ''] = (await readFile(log, 'utf8').catch(() => '')).trimEnd().split('\n').slice(-1);
			await removeForwardFiles(directory, id);
			throw new SpokeError(
				'ERR_DETACHED_FORWARD',
				`the background process exited before the forward was ready: ${outcome.reason ?? lastLine}`,
			);
		}
	}
}

/** Otherwise the forward would end at once, or nothing would end it. */
async function requireSessionLeader(): Promise<ProcessIdentity> {
	const leader = await findSessionLeader();
	if (leader === null || leader.pid === process.pid) {
		const why =
			leader === null ? 'spoke cannot find the process that leads this terminal session' : 'spoke itself leads this terminal session';
		throw new SpokeError('ERR_USAGE', `${why}, and a detached forward ends with that process`, {
			remedy: 'pass --linger, and end the forward with `spoke forwards stop`',
		});
	}

	return {pid: leader.pid, startTime: leader.startTime};
}

/** In a session and process group of its own, so that no terminal signals it. Its arguments have no flags: those can be credentials. */
function startForwardProcess(positionals: readonly string[], {log, env}: {log: string; env: NodeJS.ProcessEnv}): ChildProcess {
	const [program, ...args] = ownCommand();
	const output = openSync(log, 'ax', 0o600);
	try {
		return spawn(program, [...args, 'port-forward', ...positionals, '--detached'], {
			env,
			detached: true,
			stdio: ['ignore', output, output, 'ipc'],
			serialization: 'advanced',
		});
	} finally {
		closeSync(output);
	}
}

/** A process that has ended is noticed by its `disconnect`. */
async function send(child: ChildProcess, message: ParentMessage): Promise<void> {
	await new Promise<void>(resolve => {
		child.send(message, () => {
			resolve();
		});
	});
}

function disconnect(child: ChildProcess): void {
	if (child.connected) {
		child.disconnect();
	}
}

async function relayUntilReady(child: ChildProcess, {stdout, stderr, interrupted}: PortForwardInvocation): Promise<StartResult> {
	return new Promise(resolve => {
		child.on('message', (message: ForwardMessage) => {
			if (message.type === 'output') {
				(message.to === 'stdout' ? stdout : stderr).write(message.text);
			} else {
				resolve(message);
			}
		});
		child.on('error', error => {
			resolve({type: 'lost', reason: error.message});
		});
		// After all messages, unlike `exit`.
		child.on('disconnect', () => {
			resolve({type: 'lost', reason: null});
		});
		interrupted.addEventListener('abort', () => {
			resolve({type: 'interrupted'});
		});
	});
}

function reportDetached(
	{flags, stdout, stderr}: PortForwardInvocation,
	{name, pid, log, sessionLeader}: {name: string; pid: number; log: string; sessionLeader: ProcessIdentity | null},
): void {
	const leader = sessionLeader?.pid ?? null;
	if (flags.output === 'json') {
		writeJsonLine(stdout, jsonObject('PortForwardEvent', {event: 'detached', forward: null, name, pid, sessionLeader: leader, log}));
		return;
	}

	const until = leader === null ? '' : `with this terminal session (led by process ${leader}) or `;
	stderr.write(noticeLine(`detached as ${name}: ends ${until}with \`spoke forwards stop ${name}\``, stderr));
}

/** With -o json, an `ended` event that the forward has printed stays the last line of stdout. */
function reportFailure({error: {code, message, ...details}, isPrinted}: FailedMessage, stderr: NodeJS.WriteStream): number {
	const error = new SpokeError(code, message, details);
	if (!isPrinted) {
		throw error;
	}

	stderr.write(`${toTerminalCharset(stderr, errorText(error))}\n`);
	return error.exitStatus;
}

/** How long an interrupted forward has to end. */
const endTimeoutMs = 5000;

async function endOf(child: ChildProcess): Promise<void> {
	if (child.exitCode === null && child.signalCode === null) {
		const timer = setTimeout(() => child.kill('SIGKILL'), endTimeoutMs);
		await once(child, 'exit');
		clearTimeout(timer);
	}
}
