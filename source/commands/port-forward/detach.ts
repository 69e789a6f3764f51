/** `spoke port-forward --detach`: starts a forward in the background and waits until it is ready. */
import {spawn, type ChildProcess} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {once} from 'node:events';
import {closeSync, openSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {createStateDirectory} from '../../command-line/directories.ts';
import {exitStatus, exitStatusForSignal} from '../../errors/exit-status.ts';
import {SpokeError, type ErrorObject} from '../../errors/spoke-error.ts';
import {jsonObject, writeJsonLine} from '../../output/json-line.ts';
import {noticeLine} from '../../output/notice-line.ts';
import {ownCommand} from '../../own-process.ts';
import {errorText} from '../../text/error-text.ts';
import {toTerminalCharset} from '../../text/terminal-charset.ts';
import {assertPortsAreFree, forwardsDirectory, logPath, removeForwardFiles} from '../forwards/detached-forward-state.ts';
import {requestedListeners} from './forward-arguments.ts';
import type {ForwardInput, PortForwardInvocation} from './run-forwards.ts';

/** Sent through a pipe, so that credentials are in no argument and no file. */
export type StartMessage = {
	/** As this process read them. */
	line: Pick<PortForwardInvocation, 'flags' | 'given'>;
	/** As this process read it: a file of forwards can be a pipe. */
	input: ForwardInput;
	directory: string;
	id: string;
	isStderrTerminal: boolean;
};

/** The background process leaves its parent after `ready`. */
export type ForwardMessage =
	| {type: 'output'; to: 'stdout' | 'stderr'; text: string}
	| {type: 'ready'; name: string; pid: number}
	| {type: 'failed'; error: ErrorObject & {asKubectl: string | null}};

type StartResult = Exclude<ForwardMessage, {type: 'output'}> | {type: 'lost'; reason?: string};

/** How long an interrupted forward has to end. */
const endTimeoutMs = 5000;

/**
Resolves when the forward is ready and no longer needs this process. If this process ends before, so does the forward.
@throws SpokeError as without --detach, and ERR_PORT_IN_USE that names the detached forward that has a local port
*/
export async function detach(invocation: PortForwardInvocation, input: ForwardInput): Promise<number> {
	const {flags, given, positionals, env, stdout, stderr, interrupted} = invocation;
	const directory = createStateDirectory(env, forwardsDirectory);
	await assertPortsAreFree(directory, requestedListeners(input.targets));
	const id = randomBytes(4).toString('hex');
	const log = logPath(directory, id);
	const child = startForwardProcess(positionals, {log, env});
	const exited = once(child, 'exit');
	exited.catch(() => undefined);
	interrupted.addEventListener('abort', () => {
		child.kill('SIGTERM');
		setTimeout(() => child.kill('SIGKILL'), endTimeoutMs).unref();
	});
	const started = relayUntilReady(child, invocation);
	const message: StartMessage = {line: {flags, given}, input, directory, id, isStderrTerminal: stderr.isTTY};
	// A process that has ended is noticed by its `disconnect`.
	child.send(message, () => undefined);
	const result = await started;
	if (interrupted.aborted) {
		await exited;
		return exitStatusForSignal(interrupted.reason);
	}

	switch (result.type) {
		case 'ready': {
			const {name, pid} = result;
			if (flags.output === 'json') {
				writeJsonLine(stdout, jsonObject('PortForwardEvent', {event: 'detached', forward: null, name, pid, log}));
			} else {
				stderr.write(noticeLine(`detached as ${name}: ends with \`spoke forwards stop ${name}\``, stderr));
			}

			child.unref();
			return exitStatus.ok;
		}

		case 'failed': {
			const {code, message, ...details} = result.error;
			const error = new SpokeError(code, message, details);
			if (flags.output !== 'json') {
				throw error;
			}

			// The `ended` event stays the last line of stdout.
			stderr.write(`${toTerminalCharset(stderr, errorText(error))}\n`);
			return error.exitStatus;
		}

		case 'lost': {
			const [lastLine = ''] = (await readFile(log, 'utf8').catch(() => '')).trimEnd().split('\n').slice(-1);
			await removeForwardFiles(directory, id);
			throw new SpokeError(
				'ERR_DETACHED_FORWARD',
				`the background process exited before the forward was ready: ${result.reason ?? lastLine}`,
			);
		}
	}
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

async function relayUntilReady(child: ChildProcess, {stdout, stderr}: PortForwardInvocation): Promise<StartResult> {
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
			resolve({type: 'lost'});
		});
	});
}
