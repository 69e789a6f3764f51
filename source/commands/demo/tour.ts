/** The tour: every feature once in each posture of a sandbox, with its path line and an explanation. */
import type {Writable} from 'node:stream';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {toSpokeError} from '../../errors/spoke-error.ts';
import {createLabeler} from '../../evidence/connection-labeler.ts';
import type {Path, RouteState, TlsState} from '../../evidence/evidence.ts';
import type {Labeler} from '../../evidence/labeler.ts';
import type {Sandbox, SwitchValues} from '../../sandbox/sandbox.ts';
import {sanitizeLine} from '../../text/sanitize-line.ts';
import type {SandboxAccess} from './sandbox-access.ts';
import {type TourStep, tourSteps} from './tour-steps.ts';

/** After this, an unsettled label is printed as it is. */
const labelTimeoutMs = 3000;

const postures: ReadonlyArray<{title: string; switches: Partial<SwitchValues>}> = [
	{title: 'kubelets not verified, direct: the Kubernetes default', switches: {verification: 'off', route: 'direct'}},
	{title: 'kubelets verified, direct', switches: {verification: 'good', route: 'direct'}},
	{title: 'kubelets verified, but their certificates are rejected', switches: {verification: 'bad', route: 'direct'}},
	{title: 'kubelets not verified, through a simulated Konnectivity', switches: {verification: 'off', route: 'konnectivity'}},
	{title: 'kubelets verified, through a simulated Konnectivity', switches: {verification: 'good', route: 'konnectivity'}},
	{title: 'kubelets verified, through an HTTP CONNECT egress proxy', switches: {verification: 'good', route: 'http-connect'}},
	{title: 'history: SSH tunnels, as before Kubernetes 1.22', switches: {verification: 'off', route: 'ssh'}},
];

export async function runTour(sandbox: Sandbox, access: SandboxAccess, stdout: Writable, signal: AbortSignal): Promise<void> {
	const print = (line: string) => {
		stdout.write(`${line}\n`);
	};

	print(`sandbox: a small cluster inside this process, at ${sandbox.server}; nothing here is a real cluster`);
	for (const [index, {title, switches}] of postures.entries()) {
		if (signal.aborted) {
			return;
		}

		await sandbox.switches.set(switches);
		print('');
		print(`sandbox ${index + 1} of ${postures.length} · ${title}`);
		const cluster = await access.open();
		for (const step of signal.aborted ? [] : tourSteps) {
			await printStep(step, cluster, print);
		}

		cluster.close();
	}

	print('');
	print(
		'next: run `spoke demo` on a terminal to open the session on this sandbox, or `spoke path TARGET` and `spoke audit` on your own cluster',
	);
}

/** Uses one labeler per step, so that labels cannot be mixed up. */
async function printStep({command, run}: TourStep, cluster: ClusterClient, print: (line: string) => void): Promise<void> {
	const labeler = createLabeler(cluster, {isBlocking: true});
	const seen: Path[] = [];
	labeler.onLabel((_id, path) => {
		seen.push(path);
	});
	let outcome: string;
	try {
		// These connections end before their evidence arrives. Not reporting their end makes the label wait for the evidence.
		const {onClosed: _untold, ...observer} = labeler.observer;
		outcome = await run(cluster, observer);
	} catch (thrown) {
		outcome = `failed: ${toSpokeError(thrown).message}`;
	}

	const path = await settledPath(labeler, seen);
	labeler.close();
	print(`  ${command}`);
	print(`    ${sanitizeLine(outcome)}`);
	if (!path) {
		return;
	}

	print(`    ${sanitizeLine(path.line)}`);
	print(`    ${explainPath(path)}`);
}

async function settledPath(labeler: Labeler, seen: readonly Path[]): Promise<Path | undefined> {
	const settled = () => seen.findLast(path => path.phase !== 'checking');
	if (!settled()) {
		const {promise, resolve} = Promise.withResolvers<void>();
		const limit = setTimeout(resolve, labelTimeoutMs);
		labeler.onLabel((_id, {phase}) => {
			if (phase !== 'checking') {
				resolve();
			}
		});
		await promise;
		clearTimeout(limit);
	}

	return settled() ?? seen.at(-1);
}

const routes: Readonly<Record<RouteState, string>> = {
	direct: 'the control plane connects to it directly',
	proxy: 'through a proxy from the environment',
	konnectivity: 'through Konnectivity: an agent near the nodes opened the tunnel',
	'egress-http-connect': 'through an HTTP CONNECT egress proxy',
	egress: 'through an egress proxy of unknown kind',
	'ssh-tunnel': 'through an SSH tunnel, as clusters before 1.22 had',
	unknown: 'route unknown',
};

const certificates: Readonly<Record<TlsState, string>> = {
	verified: 'its certificate was checked, so nobody in between can read or change the data',
	unverified: 'encrypted, but its certificate was not checked: someone in between could read and change the data',
	plain: 'not encrypted',
	refused: 'its certificate was checked and rejected, so nothing was sent',
	unknown: 'unknown whether its certificate is checked',
};

/** Explains leg 2; leg 1 of a sandbox is always verified. */
function explainPath({legs}: Pick<Path, 'legs'>): string {
	const second = legs[1]!;
	return `${second.to}: ${routes[second.route.state]} (${second.route.basis}); ${certificates[second.tls.state]} (${second.tls.basis})`;
}
