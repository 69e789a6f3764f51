/** `spoke debug`: adds an ephemeral container to a pod, and attaches to it. */
import {guardAccess} from '../actions/access.ts';
import {openCluster} from '../cluster/open-cluster.ts';
import {SpokeError} from '../errors/spoke-error.ts';
import {exitStatus} from '../errors/exit-status.ts';
import {addDebugContainer, debugContainerName, untilRunning} from '../sessions/debug-container.ts';
import {chooseContainer} from '../targets/choose-container.ts';
import {resolvePod} from '../targets/resolve-pod.ts';
import {defaultDetachKeys, parseDetachKeys} from '../terminal/detach-keys.ts';
import {sanitiseLine} from '../text/sanitise-line.ts';
import type {Command, Invocation} from './command.ts';
import {signalStatus} from './remote-command/drive-remote-command.ts';
import {runRemoteCommand} from './remote-command/run-remote-command.ts';
import {debugRow} from './rows/debug.ts';

type DebugInvocation = Invocation<typeof debugRow.flags>;

export const command: Command<typeof debugRow.flags> = {
	row: debugRow,
	async run(invocation) {
		const {flags, positionals, stdout, interrupted} = invocation;
		guardAccess('debug', 'shell', {readOnly: flags['read-only']});
		const [target, ...surplus] = positionals;
		if (target === undefined || surplus.length > 0) {
			throw new SpokeError('ERR_USAGE', `one pod is needed, ${positionals.length} were given`);
		}

		if (flags.image === undefined || flags.image === '') {
			throw new SpokeError('ERR_USAGE', '--image is needed: the image of the container that is added');
		}

		if (flags.tty && !flags.stdin) {
			throw new SpokeError('ERR_USAGE', '--tty needs --stdin');
		}

		const detachKeys = parseDetachKeys(flags['detach-keys'] || defaultDetachKeys);
		try {
			const {pod, name} = await addContainer(invocation, target, flags.image);
			if (!flags.stdin) {
				stdout.write(`${name}\n`);
				return exitStatus.ok;
			}

			return await runRemoteCommand({...invocation, flags: {...flags, container: name}}, {feature: 'attach', asked: `pod/${pod}`, command: [], detachKeys});
		} catch (error) {
			if (interrupted.aborted) {
				return signalStatus(interrupted);
			}

			throw error;
		}
	},
};

async function addContainer({flags, afterDash = [], stdin, stderr, env, interrupted}: DebugInvocation, asked: string, image: string): Promise<{pod: string; name: string}> {
	const say = (notice: string) => {
		if (!flags.quiet) {
			stderr.write(`${sanitiseLine(notice)}\n`);
		}
	};

	const cluster = await openCluster(flags, env);
	try {
		const limitMs = flags['pod-running-timeout'];
		const {pod} = await resolvePod(cluster, asked, {order: 'attach', podRunningTimeoutMs: limitMs, signal: interrupted});
		const target = flags.target === undefined ? null : chooseContainer(pod, flags.target, {unknownAnnotation: 'refuse'}).name;
		const name = flags.container ?? debugContainerName();
		// A terminal in the container that nobody has here would mix its outputs for nothing.
		await addDebugContainer(cluster, pod, {name, image, target, stdin: flags.stdin, tty: flags.tty && stdin.isTTY, command: afterDash}, interrupted);
		say(`added container ${name} (${image}) to pod ${pod.metadata.name}; it stays until the pod goes`);
		await untilRunning(cluster, pod, name, {limitMs, signal: interrupted, onWaiting(reason) {
			say(`waiting for ${name}: ${reason}`);
		}});
		return {pod: pod.metadata.name, name};
	} finally {
		cluster.close();
	}
}
