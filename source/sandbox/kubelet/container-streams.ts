/** Exec, attach and port-forward. */
import {Writable} from 'node:stream';
import {createConnection, type Socket} from 'node:net';
import type {Container, TerminalSize} from '../containers/container.ts';
import {hasCommand, startProcess} from '../containers/shell/shell.ts';
import {exitStatus, internalError, type RemoteStreams, type StreamOptions} from './remote-streams.ts';
import {resetSocket} from '../../wire/end-socket.ts';
import type {SpdyStream} from '../../wire/spdy-stream.ts';
import type {HostPort} from '../network/address-plan.ts';
import {noop} from '../network/join-streams.ts';
import type {SpdyServerSession} from './spdy-server-session.ts';

const firstSizeMs = 100;

type ForwardTarget = {
	locate(port: number): HostPort;
	podSandboxId: string;
};

const pairTimeoutMs = 30_000;

export async function runExec(
	container: Container,
	command: readonly string[],
	options: StreamOptions,
	remote: RemoteStreams,
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
	const sized = Promise.withResolvers<void>();
	remote.onResize(size => {
		Object.assign(terminal ?? {}, size);
		sized.resolve();
	});
	if (terminal) {
		// A real container takes longer to start than the first terminal size takes to arrive.
		setTimeout(sized.resolve, firstSizeMs);
		await sized.promise;
	}

	const stdout = remote.stdout ?? discard();
	const status = await startProcess({
		argv: command,
		env: container.config.env,
		stdin: remote.stdin,
		stdout,
		stderr: remote.stderr ?? (options.tty ? stdout : discard()),
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

	container.on('output', onOutput);
	container.on('ended', onEnded);
	remote.gone.addEventListener(
		'abort',
		() => {
			container.off('output', onOutput);
			container.off('ended', onEnded);
		},
		{once: true},
	);
	remote.onResize(size => {
		Object.assign(container.terminal, size);
	});
	if (container.config.spec.stdin) {
		remote.stdin?.pipe(container.stdin, {end: Boolean(container.config.spec.stdinOnce)});
	} else {
		remote.stdin?.resume();
	}
}

/** The tag `static` marks images without a shell. */
function isBuiltFromScratch({config: {spec}}: Container): boolean {
	return spec.image?.endsWith(':static') === true;
}

function mainCommandOf(container: Container): string {
	const {image = '', args = []} = container.config.spec;
	return [image.replace(/^.*\//, '').replace(/:.*$/, ''), ...args].join(' ');
}

function discard(): Writable {
	return new Writable({
		write(_chunk, _encoding, done) {
			done();
		},
	});
}

async function flush(stream: Writable | null): Promise<void> {
	if (stream && stream.writableLength > 0 && !stream.destroyed) {
		await new Promise<void>(resolve => {
			stream.write('', () => {
				resolve();
			});
			stream.once('close', resolve);
		});
	}
}

/**
An `error` and a `data` stream with the same request id are one forwarded connection.
@see k8s.io/cri-streaming pkg/streaming/portforward/httpstream.go
*/
export function servePortForward(session: SpdyServerSession, target: ForwardTarget): void {
	const waiting = new Map<string, {error?: SpdyStream; data?: SpdyStream}>();
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

		const pair = waiting.get(id) ?? {};
		pair[type] = stream;
		waiting.set(id, pair);
		if (pair.error && pair.data) {
			waiting.delete(id);
			connect(pair.error, pair.data, Number(port), target, sockets);
		} else {
			setTimeout(() => {
				if (waiting.get(id) !== pair) {
					return;
				}

				waiting.delete(id);
				stream.reset();
			}, pairTimeoutMs).unref();
		}
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
