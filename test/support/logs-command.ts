/** `spoke logs` of a scripted server. */
import type {ExecutionContext} from 'ava';
import type {LogServer} from './log-server.ts';
import {type Ended, type Printed, type RunningSpoke, runSpoke, spokePrints, type StartOptions, startSpoke} from './run-spoke.ts';
import {openTerminal} from './terminal.ts';

export type LogsCommand = {
	run(...argv: readonly string[]): Promise<Ended>;
	prints(argv: readonly string[], expected: Printed): Promise<Ended>;
	start(argv: readonly string[], options?: StartOptions): RunningSpoke;
	/** Resolves to what it writes on a terminal until it ends, with its escape sequences. */
	onTerminal(argv: readonly string[], env?: Record<string, string>): Promise<string>;
};

export function logsCommand(t: ExecutionContext, server: LogServer): LogsCommand {
	const env = {KUBECONFIG: '/dev/null'};
	const whole = (argv: readonly string[]) => ['logs', ...argv, '--server', server.url, '--namespace', 'demo'];
	return {
		run: async (...argv) => runSpoke(whole(argv), {env}),
		prints: async (argv, expected) => spokePrints(t, whole(argv), expected, {env}),
		start: (argv, options = {}) => startSpoke(t, whole(argv), {...options, env: {...env, ...options.env}}),
		async onTerminal(argv, more = {}) {
			const terminal = await openTerminal(t, whole(argv), {columns: 200, rows: 30, home: '/nonexistent', env: {...env, ...more}});
			await terminal.ended();
			return terminal.raw();
		},
	};
}

/** Pods `a` and `b` with two lines in each of the containers `app` and `side`. */
export function addTwoPods(
	server: LogServer,
	line = (number: number, pod: string, container: string) => `${pod} ${container} ${number}`,
): void {
	server.restartPolicy = 'Never';
	for (const pod of ['a', 'b']) {
		for (const [container, log] of server.addPod(pod, {containers: ['app', 'side']})) {
			log.append(...[1, 2].map(number => ({time: timeOf(number), text: line(number, pod, container)})));
			log.end();
		}
	}
}

export const timeOf = (second: number, nanosecond = 1) =>
	`2026-11-24T14:00:${String(second).padStart(2, '0')}.${String(nanosecond).padStart(9, '0')}Z`;
