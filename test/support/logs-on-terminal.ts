/** `spoke logs` on a terminal. */
import process from 'node:process';
import {spawn} from '@lydell/node-pty';
import type {LogServer} from './log-server.ts';
import {builtProgram} from './run-spoke.ts';

/** Resolves to what the program writes until it ends, with its escape sequences. */
export async function logsOnTerminal(server: LogServer, argv: readonly string[], env: Record<string, string> = {}): Promise<string> {
	const terminal = spawn(process.execPath, [builtProgram, 'logs', ...argv, '--server', server.url, '--namespace', 'demo'], {
		cols: 200,
		rows: 30,
		env: {PATH: process.env['PATH']!, HOME: '/nonexistent', KUBECONFIG: '/dev/null', TERM: 'xterm', ...env},
	});
	let written = '';
	terminal.onData(data => {
		written += data;
	});
	await new Promise<void>(resolve => {
		terminal.onExit(() => {
			resolve();
		});
	});
	return written;
}
