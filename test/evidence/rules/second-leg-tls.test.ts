import test from 'ava';
import type {Basis, ProxyRequestFacts, TlsState} from '../../../source/evidence/evidence.ts';
import {buildPath} from '../../../source/evidence/build-path.ts';
import {secondLegTls} from '../../../source/evidence/rules/second-leg-tls.ts';
import {openConnection, verifyingFlags, flags, makeObservations, unverifiedFlags} from '../../support/observations.ts';

const subject = {
	cluster: {context: null, server: 'https://10.0.0.5:6443', version: null, sandbox: false},
	phase: 'settled',
	address: null,
	rttMs: {websocket: null, runtime: null},
	error: null,
} as const;

const cases: ReadonlyArray<
	[
		title: string,
		request: Partial<ProxyRequestFacts>,
		set: Readonly<Record<string, string>>,
		to: string,
		state: TlsState,
		basis: Basis,
		exposure: string,
	]
> = [
	['a node’s kubelet port', {port: 9999, kubeletPort: true}, verifyingFlags, 'kubelet', 'verified', 'proven', 'protected, proven'],
	['another port of a node', {port: 10_250, kubeletPort: false}, verifyingFlags, 'node', 'plain', 'proven', 'exposed, inferred'],
	[
		'the default port of an unreadable node',
		{port: 10_250, kubeletPort: null},
		verifyingFlags,
		'kubelet',
		'verified',
		'inferred',
		'protected, inferred',
	],
	[
		'the default port of an unreadable node, where nothing is verified',
		{port: 10_250, kubeletPort: null},
		unverifiedFlags,
		'kubelet',
		'unverified',
		'inferred',
		'exposed, inferred',
	],
	['another port of an unreadable node', {port: 9100, kubeletPort: null}, verifyingFlags, 'node', 'plain', 'inferred', 'exposed, inferred'],
];

for (const [title, request, set, to, state, basis, exposure] of cases) {
	test(`${title}: ${to}, ${state}, ${basis}`, t => {
		const path = buildPath(
			makeObservations({...openConnection, flags: [flags(set)]}, 'node-proxy', {
				scheme: 'http',
				port: null,
				portName: null,
				kubeletPort: true,
				...request,
			}),
			subject,
		);
		const leg = path.legs[1]!;
		t.deepEqual([leg.to, leg.tls.state, leg.tls.basis, `${path.exposure.state}, ${path.exposure.basis}`], [to, state, basis, exposure]);
		t.is(
			leg.tls.need.some(({permission}) => permission === 'get nodes'),
			request.kubeletPort === null,
		);
	});
}

for (const feature of ['pod-proxy', 'service-proxy'] as const) {
	for (const [scheme, state, rule] of [
		['http', 'plain', 'proxy-http-is-plain'],
		['https', 'unverified', 'proxy-https-never-verifies'],
		[null, 'plain', 'proxy-http-is-plain'],
	] as const) {
		test(`${feature} by ${scheme ?? 'the default scheme'}, whatever flag is set: ${state}, proven only for an apiserver`, t => {
			const given = makeObservations(
				{...openConnection, flags: [flags(verifyingFlags)]},
				feature,
				scheme && {scheme, port: 8080, portName: null, kubeletPort: false},
			);
			const verdict = secondLegTls(given);
			t.deepEqual(
				[verdict.state, verdict.basis, verdict.citations.map(({rule, observed}) => [rule, observed])],
				[state, 'proven', [[rule, `the scheme ${scheme ?? 'http'}: of requests to pod web${scheme ? ':8080' : ''}`]]],
			);
			t.is(secondLegTls({...given, serverIdentity: {to: 'gateway', why: 'path'}}).basis, 'inferred');
		});
	}
}

test('the scheme of a proxied request is cited with its target, if it has one', t => {
	const {purpose} = makeObservations({}, 'pod-proxy', {scheme: 'https', port: 443, portName: null, kubeletPort: false});
	const cited = (chosenFrom: number) =>
		secondLegTls(makeObservations({purpose: {...purpose, target: {...purpose.target, chosenFrom}}})).citations[0]!.observed;
	t.deepEqual([cited(0), cited(1)], ['the scheme https: of the request', 'the scheme https: of requests to pod web:443']);
});
