/** The tour: every feature once in each posture of a sandbox, each with its path line and what it means. */
import type {Writable} from 'node:stream';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {toSpokeError} from '../../errors/spoke-error.ts';
import type {Path} from '../../evidence/evidence.ts';
import type {Labeler} from '../../evidence/labeler.ts';
import {createLabeler} from '../../evidence/connection-labeler.ts';
import type {Sandbox, SwitchValues} from '../../sandbox/sandbox.ts';
import {sanitizeLine} from '../../text/sanitize-line.ts';
import type {SandboxAccess} from './sandbox-access.ts';
import {explainPath} from './explain-path.ts';
import {tourSteps, type TourStep} from './tour-steps.ts';

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
