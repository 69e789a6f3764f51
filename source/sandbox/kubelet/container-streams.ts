/** Exec, attach and port-forward. */
import {once} from 'node:events';
import {PassThrough, type Writable} from 'node:stream';
import {createConnection, type Socket} from 'node:net';
import type {Container, TerminalSize} from '../containers/container.ts';
import {hasCommand, startProcess} from '../containers/shell/shell.ts';
import {exitStatus, internalError, type RemoteStreams, type StreamOptions} from './remote-streams.ts';
import {resetSocket} from '../../wire/end-socket.ts';
import type {SpdyStream} from '../../wire/spdy-stream.ts';
import type {HostPort} from '../network/address-plan.ts';
import {noop} from '../network/sockets.ts';
import type {SpdyServerSession} from './spdy-server-session.ts';

const firstSizeMs = 100;

type ForwardTarget = {
	locate(port: number): HostPort;
	podSandboxId: string;
};

export async function runExec(
	container: Container,
	command: readonly string[],
	options: StreamOptions,
	remote: RemoteStreams,
	{files}: Pick<Container, 'files'> = container,
): Promise<void> {
	const [name = ''] = command;
	if (!hasCommand(name) || isBuiltFromScratch(container)) {
		remote.finish(
			internalError(
				`Internal error occurred: error executing command in container: failed to exec in container: failed to start exec "${container.id}": OCI runtime exec failed: exec failed: unable to start container process: exec: "${name}": executable file not found in $PATH`,
			),
		);
		return;
	}

	const terminal: TerminalSize | null = options.tty ? {columns: 80, rows: 24} : null;
	followSize(remote, terminal);
	if (terminal && remote.resize) {
		// A real container takes longer to start than the first terminal size takes to arrive.
		await once(remote.resize, 'data', {signal: AbortSignal.timeout(firstSizeMs)}).catch(noop);
	}

	const stdout = remote.stdout ?? new PassThrough().resume();
	const status = await startProcess({
		argv: command,
		env: container.config.env,
		files,
		stdin: remote.stdin,
		stdout,
		stderr: remote.stderr ?? (options.tty ? stdout : new PassThrough().resume()),
		terminal,
		signal: AbortSignal.any([container.instanceSignal, remote.gone]),
		mainCommand: mainCommandOf(container),
	});
	await flush(remote.stdout);
	await flush(remote.stderr);
	remote.finish(exitStatus(status));
}

export function runAttach(container: Container, remote: RemoteStreams): void {
	const onOutput = (stream: 'stdout' | 'stderr', bytes: Buffer) => {
		const target = stream === 'stderr' ? (remote.stderr ?? remote.stdout) : remote.stdout;
		if (target && !target.destroyed && !target.writableEnded) {
			target.write(bytes);
		}
	};

	const onEnded = () => {
		// A runtime does not report the exit code to attached clients.
		remote.finish(exitStatus(0));
	};

	container.on('output', onOutput).on('ended', onEnded);
	remote.gone.addEventListener('abort', () => {
		container.off('output', onOutput).off('ended', onEnded);
	});
	followSize(remote, container.terminal);
	if (container.config.spec.stdin) {
		remote.stdin?.pipe(container.stdin, {end: Boolean(container.config.spec.stdinOnce)});
	} else {
		remote.stdin?.resume();
	}
}

/** The changes of a terminal's size. */
function followSize({resize}: RemoteStreams, terminal: TerminalSize | null): void {
	resize?.on('data', (chunk: Buffer) => {
		for (const [, columns, rows] of chunk.toString().matchAll(/"Width":(\d+),"Height":(\d+)/g)) {
			Object.assign(terminal ?? {}, {columns: Number(columns), rows: Number(rows)});
		}
	});
}

/** The tag `static` marks images without a shell. */
function isBuiltFromScratch({config: {spec}}: Container): boolean {
	return spec.image?.endsWith(':static') === true;
}

function mainCommandOf(container: Container): string {
	const {image = '', args = []} = container.config.spec;
	return [image.replace(/^.*\//, '').replace(/:.*$/, ''), ...args].join(' ');
}

async function flush(stream: Writable | null): Promise<void> {
	if (stream && stream.writableLength > 0 && !stream.destroyed) {
		const {promise, resolve} = Promise.withResolvers<void>();
		stream.once('close', resolve).write('', () => {
			resolve();
		});
		await promise;
	}
}

/**
An `error` and a `data` stream with the same request id are one forwarded connection.
@see k8s.io/cri-streaming pkg/streaming/portforward/httpstream.go
*/
export function servePortForward(session: SpdyServerSession, target: ForwardTarget): void {
	const waiting = new Map<string, SpdyStream>();
	const sockets = new Set<Socket>();
	session.on('close', () => {
		for (const socket of sockets) {
			socket.destroy();
		}
	});
	session.on('stream', stream => {
		const {streamtype: type, requestid: id, port} = stream.headers as Record<string, string | undefined>;
		stream.on('error', noop);
		if ((type !== 'error' && type !== 'data') || !Number.isSafeInteger(Number(port)) || Number(port) < 1) {
			stream.reset();
			return;
		}

		session.reply(stream);
		if (id === undefined) {
			return;
		}

		const other = waiting.get(id);
		if (other === undefined) {
			waiting.set(id, stream);
			return;
		}

		waiting.delete(id);
		const [errorStream, dataStream] = type === 'error' ? [stream, other] : [other, stream];
		connect(errorStream, dataStream, Number(port), target, sockets);
	});
}

function connect(
	errorStream: SpdyStream,
	dataStream: SpdyStream,
	port: number,
	{locate, podSandboxId}: ForwardTarget,
	sockets: Set<Socket>,
): void {
	const {address, port: at} = locate(port);
	const socket = createConnection({host: address, port: at, allowHalfOpen: true});
	sockets.add(socket);
	socket.setNoDelay(true);
	errorStream.resume();
	let connected = false;
	socket.on('connect', () => {
		connected = true;
		dataStream.pipe(socket);
		socket.pipe(dataStream);
	});
	socket.on('error', failure => {
		const reason = connected
			? `: read tcp: ${failure.message}`
			: `failed to execute portforward in network namespace "/var/run/netns/cni-${podSandboxId.slice(0, 8)}": failed to connect to localhost:${port} inside namespace "${podSandboxId}", IPv4: dial tcp4 127.0.0.1:${port}: connect: connection refused IPv6 dial tcp6: address localhost: no suitable address found `;
		// Measured on 1.36.3 with containerd 2.2: FIN on data, the text on error, then RST of the error stream.
		dataStream.end();
		errorStream.write(`error forwarding port ${port} to pod ${podSandboxId}, uid : ${reason}`, () => {
			errorStream.reset();
			dataStream.reset();
		});
	});
	socket.on('close', () => {
		sockets.delete(socket);
		errorStream.end();
	});
	dataStream.on('error', () => {
		resetSocket(socket);
	});
	dataStream.on('close', () => {
		if (!socket.destroyed && !dataStream.readableEnded) {
			resetSocket(socket);
		}
	});
}
