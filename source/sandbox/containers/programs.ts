/** Programs by image name; other images cannot be pulled. */
import type {KeyPair} from '../certificates/issuer.ts';
import type {Program} from './program.ts';
import {httpService} from './programs/http-service.ts';
import {interactiveShell} from './programs/interactive-shell.ts';
import {logWriter} from './programs/log-writer.ts';
import {crasher, echoServer, finisher, waiter} from './programs/small-programs.ts';

export type FindProgram = (image: string) => Program | undefined;

/** `certificate` creates key pairs for programs that serve TLS. */
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
			// The usual image of `debug`.
			busybox: interactiveShell,
			...more,
		}),
	);
	return image => programs.get(image.replace(/^(docker\.io\/)?(library\/)?/, '').replace(/(:[^:/]+)?(@.*)?$/, ''));
}
