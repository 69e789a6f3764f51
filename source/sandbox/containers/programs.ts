/** Which program an image stands for; an image that is not here cannot be pulled. */
import type {KeyPair} from '../certificates/issuer.ts';
import type {Program} from './program.ts';
import {httpService} from './programs/http-service.ts';
import {interactiveShell} from './programs/interactive-shell.ts';
import {logWriter} from './programs/log-writer.ts';
import {crasher, echoServer, finisher, waiter} from './programs/small-programs.ts';

export type FindProgram = (image: string) => Program | undefined;

/** `certificate` makes key pairs for programs that serve TLS. */
export function programsByImage(
	certificate: (host: string) => Promise<KeyPair>,
	more: Readonly<Record<string, Program>> = {},
): FindProgram {
	const programs = new Map(
		Object.entries<Program>({
			'sandbox/http-service': httpService(certificate),
			'sandbox/log-writer': logWriter,
			'sandbox/echo-server': echoServer,
			'sandbox/crasher': crasher,
			'sandbox/finisher': finisher,
			'sandbox/waiter': waiter,
			'sandbox/shell': interactiveShell,
			// The image that `debug` asks for when none is named.
			busybox: interactiveShell,
			...more,
		}),
	);
	return image => programs.get(image.replace(/^(docker\.io\/)?(library\/)?/, '').replace(/(:[^:/]+)?(@.*)?$/, ''));
}
