/** `spoke debug`: adds an ephemeral container to a pod, and attaches to it. */
import {guardAccess} from '../actions/access.ts';
import {openCluster} from '../cluster/open-cluster.ts';
import {asSpokeError, SpokeError} from '../errors/spoke-error.ts';
import {exitStatus, statusOfSignal} from '../errors/exit-status.ts';
import {noticeLine} from '../output/notice-line.ts';
import {addDebugContainer, debugContainerName, untilRunning} from '../sessions/debug-container.ts';
import {refuseEnded} from '../sessions/ended-pod.ts';
import {chooseContainer} from '../targets/choose-container.ts';
import {resolvePod} from '../targets/resolve-pod.ts';
import {defaultDetachKeys, parseDetachKeys} from '../terminal/detach-keys.ts';
import type {Command, Invocation} from './command.ts';
import {printEndedContainer} from './debug/print-ended-container.ts';
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
			throw new SpokeError('ERR_USAGE', `one target is needed, ${positionals.length} were given`);
		}

		if (flags.image === undefined || flags.image === '') {
			throw new SpokeError('ERR_USAGE', '--image is needed: the image of the container that is added');
		}

		if (flags.tty && !flags.stdin) {
			throw new SpokeError('ERR_USAGE', '--tty needs --stdin');
		}

		const detachKeys = parseDetachKeys(flags['detach-keys'] || defaultDetachKeys);
		try {
			const added = await addContainer(invocation, target, flags.image);
			if (!flags.stdin) {
				stdout.write(`${added.name}\n`);
				return exitStatus.ok;
			}

			return await attachTo(invocation, added, detachKeys);
		} catch (error) {
			if (interrupted.aborted) {
				return statusOfSignal(interrupted.reason);
			}

			throw error;
		}
	},
};

type Added = {
	pod: string;
	name: string;
	/** Why it does not run, though it was added; only where it is to be attached to. */
	notRunning: SpokeError | null;
};

/** A command that ends at once may have ended, or said all it had to say, before it can be attached to: its log has what it said. */
async function attachTo(invocation: DebugInvocation, added: Added, detachKeys: Buffer): Promise<number> {
	try {
		throwIfNotRunning(added);
		return await runRemoteCommand({...invocation, flags: {...invocation.flags, container: added.name}}, {
			feature: 'attach', asked: `pod/${added.pod}`, command: [], detachKeys,
			// Who may attach need not be able to read logs.
			ifSilent: async () => printEndedContainer(invocation, added).catch(() => null),
		});
	} catch (error) {
		if (!(error instanceof SpokeError) || error.code !== 'ERR_TARGET_GONE') {
			throw error;
		}

		const status = await printEndedContainer(invocation, added);
		if (status === null) {
			throw error;
		}

		return status;
	}
}

async function addContainer({flags, afterDash = [], stdin, stderr, env, interrupted}: DebugInvocation, asked: string, image: string): Promise<Added> {
	const cluster = await openCluster(flags, env);
	try {
		const limitMs = flags['pod-running-timeout'];
		const {pod} = await resolvePod(cluster, asked, {order: 'attach', podRunningTimeoutMs: limitMs, signal: interrupted});
		// What nobody waits for is added as with kubectl.
		if (flags.stdin) {
			refuseEnded(pod, 'debug');
		}

		const target = flags.target === undefined ? null : chooseContainer(pod, flags.target, {unknownAnnotation: 'refuse'}).name;
		const name = flags.container ?? debugContainerName();
		// A terminal in the container that nobody has here would mix its outputs for nothing.
		await addDebugContainer(
			cluster,
			pod,
			{name, image, target, stdin: flags.stdin, tty: flags.tty && stdin.isTTY, command: afterDash, profile: flags.profile},
			interrupted,
		);
		say({flags, stderr}, `added container ${name} (${image}) to pod ${pod.metadata.name}; it stays until the pod goes`);
		// Nobody waits for what is not attached to: as with kubectl, whether it runs is for `kubectl get` to tell.
		if (!flags.stdin) {
			return {pod: pod.metadata.name, name, notRunning: null};
		}

		const notRunning = await untilRunning(cluster, pod, name, {limitMs, signal: interrupted, onWaiting(reason) {
			say({flags, stderr}, `waiting for ${name}: ${reason}`);
		}}).then(() => null, (error: unknown) => asSpokeError(error));
		return {pod: pod.metadata.name, name, notRunning};
	} finally {
		cluster.close();
	}
}

function throwIfNotRunning({notRunning}: Added): void {
	if (notRunning) {
		throw notRunning;
	}
}

function say({flags, stderr}: Pick<DebugInvocation, 'flags' | 'stderr'>, notice: string): void {
	if (!flags.quiet) {
		stderr.write(noticeLine(notice, stderr));
	}
}
