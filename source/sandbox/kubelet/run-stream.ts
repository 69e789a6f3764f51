/** Exec and attach. */
import {Writable} from 'node:stream';
import type {Container} from '../containers/container.ts';
import type {TerminalSize} from '../containers/program.ts';
import {hasCommand, startProcess} from '../containers/shell/shell.ts';
import {exitStatus, internalError, type RemoteStreams, type StreamOptions} from './remote-streams.ts';

const firstSizeMs = 100;

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
