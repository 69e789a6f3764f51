/** A shell as the container's main process: attach talks to it. Without a terminal it waits. */
import {Writable} from 'node:stream';
import type {Program} from '../program.ts';
import {startProcess} from '../shell/start-process.ts';
import {waiter} from './small-programs.ts';

export const interactiveShell: Program = async io => {
	const {args, env, stdin, stdout, stderr, terminal, signal} = io;
	if (!terminal && args.length === 0) {
		return waiter(io);
	}

	const writing = (write: (bytes: Uint8Array) => void) =>
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
		stdout: writing(stdout),
		stderr: writing(stderr),
		terminal,
		signal,
		mainCommand: 'sh',
	});
};
