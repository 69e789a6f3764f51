/** Exec and attach over SPDY. */
import type {IncomingMessage} from 'node:http';
import type {Duplex} from 'node:stream';
import type {SpdyStream} from '../../wire/spdy-stream.ts';
import type {TerminalSize} from '../containers/program.ts';
import {noop} from '../network/join-streams.ts';
import {acceptSpdy} from './accept-upgrade.ts';
import {parseResize, type RemoteStreams, type StreamOptions} from './remote-streams.ts';
import type {SpdyServerSession} from './spdy-server-session.ts';

const protocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io', 'v3.channel.k8s.io'] as const;

const streamsTimeoutMs = 30_000;

/** Resolves when all streams are open. @see k8s.io/cri-streaming pkg/streaming/remotecommand/httpstream.go */
export async function acceptSpdyChannels(
	request: IncomingMessage,
	socket: Duplex,
	head: Buffer,
	options: StreamOptions,
): Promise<RemoteStreams | undefined> {
	const accepted = acceptSpdy(request, socket, head, protocols);
	if (!accepted) {
		return undefined;
	}

	const {session} = accepted;
	const gone = new AbortController();
	session.on('close', () => {
		gone.abort();
	});
	const wanted = [
		'error',
		...(options.stdin ? ['stdin'] : []),
		...(options.stdout ? ['stdout'] : []),
		...(options.stderr ? ['stderr'] : []),
		...(options.tty ? ['resize'] : []),
	];
	const open = await waitForStreams(session, wanted);
	if (!open) {
		session.destroy();
		return undefined;
	}

	return remoteStreams(session, open, gone.signal);
}

async function waitForStreams(session: SpdyServerSession, wanted: readonly string[]): Promise<ReadonlyMap<string, SpdyStream> | undefined> {
	const open = new Map<string, SpdyStream>();
	const {promise, resolve} = Promise.withResolvers<boolean>();
	const timer = setTimeout(resolve, streamsTimeoutMs, false);
	session.on('stream', stream => {
		stream.on('error', noop);
		session.reply(stream);
		open.set(String(stream.headers['streamtype']), stream);
		if (wanted.every(name => open.has(name))) {
			resolve(true);
		}
	});
	session.on('close', () => {
		resolve(false);
	});
	const isComplete = await promise;
	clearTimeout(timer);
	return isComplete ? open : undefined;
}

function remoteStreams(session: SpdyServerSession, open: ReadonlyMap<string, SpdyStream>, gone: AbortSignal): RemoteStreams {
	let onResize: (size: TerminalSize) => void = () => {};
	open.get('resize')?.on('data', (chunk: Buffer) => {
		for (const line of chunk.toString().split('\n')) {
			const size = parseResize(line);
			if (size) {
				onResize(size);
			}
		}
	});
	const output = (name: string) => {
		const stream = open.get(name);
		stream?.resume();
		return stream ?? null;
	};

	return {
		stdin: open.get('stdin') ?? null,
		stdout: output('stdout'),
		stderr: output('stderr'),
		onResize(listener) {
			onResize = listener;
		},
		gone,
		finish(status) {
			open.get('stdout')?.end();
			open.get('stderr')?.end();
			open.get('error')!.end(JSON.stringify(status), () => {
				// The client should end the session after it reads the status.
				setTimeout(() => {
					session.end();
				}, 1000).unref();
			});
		},
	};
}
