/** Exec and attach over WebSocket (`v5.channel.k8s.io`, `v4.channel.k8s.io`). */
import type {IncomingMessage} from 'node:http';
import {type Duplex, PassThrough, Writable} from 'node:stream';
import type {WebSocket} from 'ws';
import type {TerminalSize} from '../containers/program.ts';
import {noop} from '../network/join-streams.ts';
import {acceptWebSocket} from './accept-upgrade.ts';
import {parseResize, type RemoteStreams, type StreamOptions} from './remote-streams.ts';

const channels = {stdin: 0, stdout: 1, stderr: 2, status: 3, resize: 4, close: 255} as const;

const channelProtocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io'] as const;

/**
`undefined` if no protocol of the client is supported. @see
https://github.com/kubernetes/kubernetes/blob/v1.36.0/staging/src/k8s.io/streaming/pkg/httpstream/wsstream/conn.go
*/
export async function acceptChannels(
	request: IncomingMessage,
	socket: Duplex,
	head: Buffer,
	options: StreamOptions,
): Promise<RemoteStreams | undefined> {
	const accepted = await acceptWebSocket(request, socket, head, channelProtocols);
	if (!accepted) {
		return undefined;
	}

	const {client} = accepted;
	const gone = new AbortController();
	const stdin = options.stdin ? new PassThrough() : null;
	let onResize: (size: TerminalSize) => void = () => {};
	client.on('message', (data: Buffer) => {
		const [channel] = data;
		const payload = data.subarray(1);
		if (channel === channels.stdin && stdin) {
			writeStdin(payload, stdin, client);
		} else if (channel === channels.resize) {
			const size = parseResize(payload.toString());
			if (size) {
				onResize(size);
			}
		} else if (channel === channels.close && payload[0] === channels.stdin) {
			stdin?.end();
		}
	});
	client.on('close', () => {
		gone.abort();
		stdin?.destroy();
	});

	// Measured on 1.36.3: the first message is empty, on stdout.
	client.send(Buffer.of(channels.stdout));
	return {
		stdin,
		stdout: options.stdout ? channelWriter(client, channels.stdout) : null,
		stderr: options.stderr ? channelWriter(client, channels.stderr) : null,
		onResize(listener) {
			onResize = listener;
		},
		gone: gone.signal,
		finish(status) {
			client.send(Buffer.concat([Buffer.of(channels.status), Buffer.from(JSON.stringify(status))]), () => {
				client.close(1000);
			});
		},
	};
}

function writeStdin(payload: Buffer, stdin: PassThrough, client: WebSocket): void {
	if (!stdin.writableEnded && !stdin.write(payload)) {
		client.pause();
		stdin.once('drain', () => {
			client.resume();
		});
	}
}

function channelWriter(client: WebSocket, channel: number): Writable {
	return new Writable({
		write(chunk: Buffer, _encoding, done) {
			client.send(Buffer.concat([Buffer.of(channel), chunk]), error => {
				done(error ?? null);
			});
		},
	}).on('error', noop);
}
