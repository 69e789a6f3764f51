/** Shell as the container's main process, for attach; only waits without a terminal. */
import {Writable} from 'node:stream';
import type {Program} from '../program.ts';
import {startProcess} from '../shell/start-process.ts';
import {waiter} from './small-programs.ts';

export const interactiveShell: Program = async io => {
	const {args, env, stdin, stdout, stderr, terminal, signal} = io;
	if (!terminal && args.length === 0) {
		return waiter(io);
	}

	const writerTo = (write: (bytes: Uint8Array) => void) =>
		new Writable({
			write(chunk: Buffer, _encoding, done) {
				write(chunk);
				done();
			},
		});
	return startProcess({
		argv: ['sh', ...args],
		env,
		stdin,
		stdout: writerTo(stdout),
		stderr: writerTo(stderr),
		terminal,
		signal,
		mainCommand: 'sh',
	});
};
