/** What spoke says of a world: its paths, labels, requirements and audit rows, each with the process that it is about. */
import {Readable, Writable} from 'node:stream';
import {setImmediate as turn} from 'node:timers/promises';
import type {IncomingMessage, ServerResponse} from 'node:http';
import {parseRequirement} from '../../source/evidence/audit/requirements.ts';
import {runAudit} from '../../source/evidence/audit/run-audit.ts';
import {createLabeler, type Label} from '../../source/evidence/connection-labeler.ts';
import type {Leg, Path} from '../../source/evidence/evidence.ts';
import {findPaths} from '../../source/evidence/find-paths.ts';
import {requireOnStreams} from '../../source/evidence/require-connection.ts';
import {evaluateRequirement} from '../../source/evidence/require-path.ts';
import {openLog} from '../../source/streams/logs/open-log.ts';
import {openTunnel} from '../../source/streams/port-forward/tunnel.ts';
import {relayRequest} from '../../source/streams/proxy-listener/relay-request.ts';
import {RelayedTargets} from '../../source/streams/proxy-listener/relayed-targets.ts';
import {openRemoteCommand} from '../../source/streams/remote-command/open-remote-command.ts';
import {manualClock} from '../support/manual-clock.ts';
import {type ClusterAuthority, type WorldClient, worldClient} from './world-client.ts';
import type {Process, World} from './world.ts';

/** `sources`: of the evidence that is cited, with its rule. */
export type Words = {state: string; basis: string; sources?: readonly string[]};

export type Claim = {
	/** `path logs`, `label exec`, `audit C4`. */
	what: string;
	feature: string;
	/** The processes that it is about: the one that carried the connection, or all that the next one can end at. */
	about: readonly Process[];
	isConfiguration: boolean;
	server: string;
	firstLeg: Words;
	tls: Words | null;
	route: Words | null;
	exposure: Words | null;
	/** Requirements that are met, as `verified proven`. */
	met: readonly string[];
	/** Requirements that are known not to be met. */
	notMet: readonly string[];
	/** Sources of the evidence that is cited for leg 2. */
	sources: readonly string[];
	line: string;
};

const states = ['verified', 'tunnelled', 'protected'] as const;
const bases = ['proven', 'inferred'] as const;

/** All that spoke says of the world in its reading. */
export async function readWorld(world: World, authority: ClusterAuthority): Promise<readonly Claim[]> {
	const cluster = worldClient(world, authority);
	switch (world.reading) {
		case 'path':
		case 'active-path': {
			const paths = await findPaths(cluster, world.target, {probe: world.reading === 'path' ? 'passive' : 'active'});
			return paths.map(path => claimOf(`path ${path.feature}`, path, reachable(world), true));
		}

		case 'audit':
		case 'active-audit': {
			return readAudit(cluster, world);
		}

		case 'gate': {
			return readGate(cluster, world);
		}

		case 'relay': {
			return readRelay(cluster, world);
		}

		default: {
			return readStream(cluster, world.reading);
		}
	}
}

/** Where the next connection can end. */
export function reachable({processes, order}: World): readonly Process[] {
	return processes.filter((_, index) => order.some(choice => choice % processes.length === index));
}

type StreamFeature = 'logs' | 'exec' | 'port-forward';

/** The last label of a stream, and the process that served it. */
async function readStream(cluster: WorldClient, feature: StreamFeature): Promise<readonly Claim[]> {
	const clock = manualClock();
	const labeler = createLabeler(cluster, {clock, waitsForMetrics: true});
	const labels = new Map<string, Label>();
	labeler.onLabel((id, label) => {
		labels.set(id, label);
	});
	const stream = openStream(cluster, feature, labeler.observer).catch(() => null);
	const isSettled = () => labels.size > 0 && [...labels.values()].every(({phase}) => phase !== 'checking');
	for (let steps = 0; steps < 60 && !isSettled(); steps++) {
		for (let turns = 0; turns < 6; turns++) {
			await turn();
		}

		if (cluster.inFlight === 0) {
			await clock.advance(100);
		}
	}

	const claims = [...labels].flatMap(([id, {path}]) => {
		const process = carrierOf(cluster, id, path.feature);
		return process ? [claimOf(`label ${feature}`, path, [process], false)] : [];
	});
	(await stream)?.close();
	labeler.close();
	return claims;
}

function carrierOf({servers}: WorldClient, connection: string, feature: string): Process | undefined {
	const subresource = {logs: '/log', exec: '/exec', 'port-forward': '/portforward'}[feature] ?? '/proxy';
	return servers.served.find(one => `c${one.connection}` === connection && one.path.includes(subresource))?.process;
}

const target = {
	asked: 'web',
	kind: 'Pod',
	namespace: 'default',
	name: 'web',
	uid: 'u1',
	node: 'n1',
	container: 'main',
	chosenFrom: 1,
} as const;

async function openStream(
	cluster: WorldClient,
	feature: StreamFeature,
	observer?: Parameters<typeof openTunnel>[2] extends {observer?: infer Observer} | undefined ? Observer : never,
): Promise<{close(): void}> {
	const withObserver = observer ? {observer} : {};
	switch (feature) {
		case 'logs': {
			const source = {namespace: 'default', pod: 'web', uid: 'u1', node: 'n1', container: 'main'};
			const log = await openLog(cluster, source, {follow: false}, {target, ...withObserver});
			log.body.resume();
			return log;
		}

		case 'exec': {
			const command = await openRemoteCommand(
				cluster,
				{feature, target, command: ['true'], stdin: false, tty: false},
				{...withObserver, environment: {}},
			);
			command.stdout.resume();
			command.outcome.catch(() => {});
			return command;
		}

		case 'port-forward': {
			const tunnel = await openTunnel(cluster, target, {...withObserver, carriers: ['websocket', 'spdy']});
			return {
				close() {
					tunnel.session.destroy();
				},
			};
		}
	}
}

/** A stream that a requirement lets through: the requirement is then met, on the process that carried it. */
async function readGate(cluster: WorldClient, world: World): Promise<readonly Claim[]> {
	const {state, minBasis} = world.required;
	requireOnStreams(cluster, [{states: [state], minBasis, undecided: 'refuse', source: null}]);
	const feature = world.target === 'web' ? 'logs' : 'port-forward';
	const stream = await openStream(cluster, feature).catch(() => null);
	stream?.close();
	const process = cluster.servers.served.at(-1)?.process;
	return process ? [gateClaim(`gate ${feature}`, feature, process, world)] : [];
}

/** A request for an aggregated API through the local proxy, with a requirement. Its backend's certificate is not verified. */
async function readRelay(cluster: WorldClient, world: World): Promise<readonly Claim[]> {
	const {state, minBasis} = world.required;
	requireOnStreams(cluster, [{states: [state], minBasis, undecided: 'refuse', source: null}]);
	const request = Object.assign(new Readable({read() {}}), {method: 'GET', headers: {}}) as unknown as IncomingMessage;
	const response = Object.assign(
		new Writable({
			write(_chunk, _encoding, done) {
				done();
			},
		}),
		{writeHead() {}, flushHeaders() {}},
	) as unknown as ServerResponse;
	const context = {cluster, targets: new RelayedTargets(cluster), observer: undefined, keepaliveMs: 0, allowsCommands: false};
	const path =
		world.target === 'web'
			? '/apis/metrics.k8s.io/v1beta1/nodes'
			: '/apis/subresources.kubevirt.io/v1/namespaces/default/virtualmachineinstances/vm/console';
	await relayRequest(context, path, request, response).catch(() => {});
	const process = cluster.servers.served.at(-1)?.process;
	return process ? [gateClaim('relay aggregated', 'aggregated', process, world)] : [];
}

function gateClaim(what: string, feature: string, process: Process, {required: {state, minBasis}}: World): Claim {
	const none = {state: 'unknown', basis: 'unknown'};
	return {
		what,
		feature,
		about: [process],
		isConfiguration: false,
		server: 'unknown',
		firstLeg: none,
		tls: null,
		route: null,
		exposure: null,
		met: [`${state} ${minBasis}`],
		notMet: [],
		sources: [],
		line: `${what} let through: ${state}, ${minBasis}`,
	};
}

async function readAudit(cluster: WorldClient, world: World): Promise<readonly Claim[]> {
	const require = states.map(state => parseRequirement(state));
	const audit = await runAudit(cluster, {probe: world.reading === 'audit' ? 'passive' : 'active', require, minBasis: 'proven'});
	const about = world.processes;
	return audit.rows
		.filter(({id}) => /^C(?:[1-4]|1[01])$/.test(id))
		.map(row => {
			const isMet = audit.require.results.some(({row: id, result}) => id === row.id && result === 'met');
			const requirement = {C4: 'verified', C10: 'tunnelled', C11: 'protected'}[row.id as string];
			const isTls = tlsStates.has(row.state) && row.id !== 'C10' && row.id !== 'C11';
			// One apiserver makes a row fail, and a row names each that differs: its words are of one at least.
			const isOfOne = row.verdict === 'fail' || row.exceptions.some(text => text.startsWith('apiserver '));
			const basis = isOfOne ? 'inferred' : row.basis;
			return {
				what: `audit ${row.id}`,
				feature: 'exec',
				about,
				isConfiguration: true,
				server: 'unknown',
				firstLeg: {state: 'unknown', basis: 'unknown'},
				tls: isTls ? {state: row.state, basis} : null,
				route: null,
				exposure: row.verdict === 'pass' && /^C(?:[123]|11)$/.test(row.id) ? {state: 'protected', basis} : null,
				met: isMet && requirement ? [`${requirement} proven`] : [],
				notMet: [],
				sources: audit.evidence.filter(({id}) => row.evidence.includes(id)).map(({source, rule}) => `${source} ${rule}`),
				line: `${row.id} ${row.verdict}, ${row.state}, ${row.basis}: ${row.message}`,
			};
		});
}

const tlsStates: ReadonlySet<string> = new Set(['verified', 'enforced', 'unverified', 'refused']);

function claimOf(what: string, path: Path, about: readonly Process[], isConfiguration: boolean): Claim {
	const [first, second] = path.legs;
	const sourcesOf = (evidence: readonly string[]) =>
		path.evidence.filter(({id}) => evidence.includes(id)).map(({source, rule}) => `${source} ${rule}`);
	const wordsOf = ({state, basis, evidence}: Path['exposure'] | Leg['tls'] | Leg['route']): Words => ({
		state,
		basis,
		sources: sourcesOf(evidence),
	});
	return {
		what,
		feature: path.feature,
		about,
		isConfiguration,
		server: first!.to,
		firstLeg: wordsOf(first!.tls),
		tls: second ? wordsOf(second.tls) : null,
		route: second ? wordsOf(second.route) : null,
		exposure: wordsOf(path.exposure),
		met: requirementsThatAre('met', path),
		notMet: requirementsThatAre('not-met', path),
		sources: sourcesOf([...(second?.tls.evidence ?? []), ...(second?.route.evidence ?? []), ...path.exposure.evidence]),
		line: path.line,
	};
}

function requirementsThatAre(result: 'met' | 'not-met', path: Path): readonly string[] {
	return states.flatMap(state =>
		bases.filter(minBasis => evaluateRequirement(path, {states: [state], minBasis}) === result).map(minBasis => `${state} ${minBasis}`),
	);
}
