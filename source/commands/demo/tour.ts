/** The tour: every feature once in each posture of a sandbox, each with its path line and what it means. */
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

/** A label that is not settled by then is told as it is. */
const labelLimitMs = 3000;

const stops: ReadonlyArray<{title: string; switches: Partial<SwitchValues>}> = [
	{title: 'kubelets not verified, reached directly: how Kubernetes is by default', switches: {verification: 'off', route: 'direct'}},
	{title: 'kubelets verified, reached directly', switches: {verification: 'good', route: 'direct'}},
	{title: 'kubelets verified, and their certificates rejected', switches: {verification: 'bad', route: 'direct'}},
	{title: 'kubelets not verified, through Konnectivity’s shape', switches: {verification: 'off', route: 'konnectivity'}},
	{title: 'kubelets verified, through Konnectivity’s shape', switches: {verification: 'good', route: 'konnectivity'}},
	{title: 'kubelets verified, through an HTTP CONNECT egress proxy', switches: {verification: 'good', route: 'http-connect'}},
	{title: 'history: SSH tunnels, as before Kubernetes 1.22', switches: {verification: 'off', route: 'ssh'}},
];

/** Resolves when it has told everything, or `signal` is aborted. */
export async function runTour(sandbox: Sandbox, way: SandboxAccess, stdout: Writable, signal: AbortSignal): Promise<void> {
	const say = (line: string) => {
		stdout.write(`${line}\n`);
	};

	say(`sandbox: a small cluster inside this process, at ${sandbox.server}; nothing here is a real cluster`);
	for (const [index, {title, switches}] of stops.entries()) {
		if (signal.aborted) {
			return;
		}

		await sandbox.switches.set(switches);
		say('');
		say(`sandbox ${index + 1} of ${stops.length} · ${title}`);
		const cluster = await way.open();
		for (const step of signal.aborted ? [] : tourSteps) {
			await tellStep(step, cluster, say);
		}

		cluster.close();
	}

	say('');
	say(
		'next: `spoke demo` on a terminal opens the session on this sandbox; `spoke path TARGET` and `spoke audit` do the same for a cluster of yours',
	);
}

/** A label for each step alone, so that none is taken for another's. */
async function tellStep({command, run}: TourStep, cluster: ClusterClient, say: (line: string) => void): Promise<void> {
	const labeller = createLabeler(cluster, {isBlocking: true});
	const seen: Path[] = [];
	labeller.onLabel((_id, path) => {
		seen.push(path);
	});
	let outcome: string;
	try {
		// These connections end sooner than what is read beside them comes; their end is not told, so that the label waits for it.
		const {closed: _untold, ...witness} = labeller.observer;
		outcome = await run(cluster, witness);
	} catch (thrown) {
		outcome = `fails: ${toSpokeError(thrown).message}`;
	}

	const path = await settledPath(labeller, seen);
	labeller.close();
	say(`  ${command}`);
	say(`    ${sanitizeLine(outcome)}`);
	if (!path) {
		return;
	}

	say(`    ${sanitizeLine(path.line)}`);
	say(`    ${explainPath(path)}`);
}

async function settledPath(labeller: Labeler, seen: readonly Path[]): Promise<Path | undefined> {
	const settled = () => seen.findLast(path => path.phase !== 'checking');
	if (!settled()) {
		const {promise, resolve} = Promise.withResolvers<void>();
		const limit = setTimeout(resolve, labelLimitMs);
		labeller.onLabel((_id, {phase}) => {
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
	direct: 'the control plane connects straight to it',
	proxy: 'through a proxy of the environment',
	konnectivity: 'through Konnectivity: an agent on the nodes’ side dialled out and carries it',
	'egress-http-connect': 'through an HTTP CONNECT egress proxy',
	egress: 'through an egress proxy of unknown kind',
	'ssh-tunnel': 'through an SSH tunnel, as clusters before 1.22 had',
	unknown: 'by a route that could not be told',
};

const certificates: Readonly<Record<TlsState, string>> = {
	verified: 'its certificate was checked, so nobody in between can read or change it',
	unverified: 'encrypted, but nobody checked who answers: whoever stands in between could read and change it',
	plain: 'not encrypted at all',
	refused: 'its certificate was checked and not accepted, so nothing was sent',
	unknown: 'whether its certificate is checked could not be told',
};

/** About the second leg; the first one of a sandbox is always verified. */
function explainPath({legs}: Pick<Path, 'legs'>): string {
	const second = legs[1]!;
	return `${second.to}: ${routes[second.route.state]} (${second.route.basis}); ${certificates[second.tls.state]} (${second.tls.basis})`;
}
