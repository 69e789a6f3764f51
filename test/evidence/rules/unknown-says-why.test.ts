/** Every unknown verdict has a need or a reason, whatever was read. */
import test from 'ava';
import type {UnavailableSource, Observations, ProxyRequestFacts, StreamFeature} from '../../../source/evidence/evidence.ts';
import {decideExposure} from '../../../source/evidence/rules/exposure.ts';
import {firstLegRoute, firstLegTls} from '../../../source/evidence/rules/first-leg.ts';
import {secondLegRoute} from '../../../source/evidence/rules/second-leg-route.ts';
import {secondLegTls} from '../../../source/evidence/rules/second-leg-tls.ts';
import {
	openConnection,
	verifyingFlags,
	failure,
	flags,
	makeObservations,
	knownReplicas,
	metrics,
	mirrorPod,
	unverifiedFlags,
	processOf,
	stepTest,
	tunnelFlags,
	versionOf,
} from '../../support/observations.ts';

const unavailable = (reason: UnavailableSource['reason']): Partial<Observations> => ({
	unavailable: (['flagz', 'metrics', 'mirror-pod'] as const).map(source => ({source, where: source, reason, need: null})),
});
const reconnectToProcess = flags(verifyingFlags, {process: 'p2', connection: 'c2'});

/** Every combination with one of each. */
const choices: ReadonlyArray<ReadonlyArray<readonly [name: string, more: Partial<Observations>]>> = [
	[
		['no flags', {}],
		['off', {flags: [flags(unverifiedFlags, {process: 'p1'})], process: processOf('p1')}],
		['enforced', {flags: [flags(verifyingFlags, {process: 'p1'})], process: processOf('p1')}],
		['tunnelled', {flags: [flags(tunnelFlags, {process: 'p1'})], process: processOf('p1')}],
		['flags without a word', {flags: [flags({}, {process: 'p1'})], process: processOf('p1')}],
		[
			'two that differ',
			{flags: [flags(unverifiedFlags, {process: 'p1'}), reconnectToProcess], process: processOf('p1'), replicas: knownReplicas(2)},
		],
		['another alone', {flags: [reconnectToProcess], replicas: knownReplicas(2)}],
		[
			'a pod with a proxy in its environment',
			{mirrorPods: [mirrorPod('kube-apiserver-a', unverifiedFlags, true)], replicas: knownReplicas(1)},
		],
	],
	[
		['no counters', {}],
		['counters at nothing', {metrics: [metrics({})]}],
		['kubelets reached', {metrics: [metrics({kubeletRequestsDone: 3})]}],
		['dials', {metrics: [metrics({egressDials: [{protocol: 'http-connect', transport: 'tcp', count: 2}]})]}],
		['refusals', {metrics: [metrics({logTlsFailures: 1})]}],
		['a step test that moved nothing', {stepTests: [stepTest('nothing')]}],
		['a step test that decided nothing', {stepTests: [stepTest('undecided')]}],
	],
	[
		['no failure', {}],
		['a refused certificate', {failures: [failure({tls: 'refused'})]}],
		['a tunnel’s words', {failures: [failure({route: 'konnectivity'})]}],
		['an egress proxy’s words', {failures: [failure({route: 'egress-http-connect'})]}],
	],
	[
		['nothing closed', {}],
		['all forbidden', unavailable('forbidden')],
		['nothing served', unavailable('not-served')],
		['no answer', unavailable('no-response')],
	],
	[
		['before use', {}],
		['before use, any apiserver', {scope: 'next-connection'}],
		['answered', openConnection],
		['ended', {scope: 'ended'}],
	],
	[
		['1.36', {}],
		['1.20', {version: versionOf('v1.20.0')}],
		['no version', {version: null}],
		['no connection', {socket: null, serverIdentity: {to: 'unknown', why: 'no connection was made'}}],
		['a gateway', {serverIdentity: {to: 'gateway', why: 'path'}}],
	],
];

const proxied = (kubeletPort: boolean | null, scheme: ProxyRequestFacts['scheme'] = 'http'): ProxyRequestFacts => ({
	scheme,
	port: 9100,
	portName: null,
	kubeletPort,
});
const features: ReadonlyArray<readonly [StreamFeature, ProxyRequestFacts | null]> = [
	['logs', null],
	['exec', null],
	['node-proxy', null],
	['node-proxy', proxied(true)],
	['node-proxy', proxied(false)],
	['node-proxy', proxied(null)],
	['service-proxy', proxied(false)],
	['pod-proxy', proxied(false, 'https')],
];

function combined(): Array<{title: string; more: Partial<Observations>}> {
	let all: Array<{title: string; more: Partial<Observations>}> = [{title: '', more: {}}];
	for (const choice of choices) {
		all = all.flatMap(({title, more}) =>
			choice.map(([name, added]) => ({title: `${title}${title === '' ? '' : ', '}${name}`, more: {...more, ...added}})),
		);
	}

	return all;
}

for (const [feature, request] of features) {
	test(`${feature}${request === null ? '' : `, ${request.scheme}, to a kubelet: ${request.kubeletPort ?? 'unknown'}`}`, t => {
		const silent: string[] = [];
		const seen = new Set<string>();
		for (const {title, more} of combined()) {
			const all = makeObservations(more, feature, request);
			const [tls, route] = [secondLegTls(all), secondLegRoute(all)];
			for (const [word, {state, basis, need, why}] of Object.entries({
				'leg 1 TLS': firstLegTls(all),
				'leg 1 route': firstLegRoute(all),
				TLS: tls,
				route,
				exposure: decideExposure(all, tls, route),
			})) {
				if (state !== 'unknown' && basis !== 'unknown') {
					continue;
				}

				seen.add(word);
				if (need.length === 0 && (why ?? '') === '') {
					silent.push(`${word}, ${state} ${basis}: ${title}`);
				}
			}
		}

		t.deepEqual(silent.slice(0, 10), []);
		t.true(
			['leg 1 TLS', 'leg 1 route', 'route', 'exposure'].every(word => seen.has(word)),
			`each is seen unknown: ${[...seen].join(', ')}`,
		);
	});
}
