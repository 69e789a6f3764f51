/** Leg 1 from the socket alone. */
import test from 'ava';
import type {Observations, SocketFacts} from '../../../source/evidence/evidence.ts';
import {firstLegRoute, firstLegTls} from '../../../source/evidence/rules/first-leg.ts';
import {makeObservations, makeObservation, socketFacts} from '../../support/observations.ts';

const of = (more: Partial<SocketFacts>): Observations =>
	makeObservations({socket: makeObservation('socket', {...socketFacts, ...more}, {connection: 'c1'})});
const tls = (more: Partial<NonNullable<SocketFacts['tls']>>): Observations => of({tls: {...socketFacts.tls!, ...more}});

const rows: ReadonlyArray<[title: string, given: Observations, state: string, rule: string, observed: string]> = [
	[
		'a chain and a name that were checked by the kubeconfig’s CA',
		makeObservations(),
		'verified',
		'socket-verified',
		'TLSv1.3, checked with the kubeconfig’s CA for 10.0.0.5',
	],
	[
		'a chain and the name api.test that were checked by the system’s roots',
		tls({trust: 'system-roots', serverName: 'api.test'}),
		'verified',
		'socket-verified',
		'TLSv1.3, checked with the system’s roots for api.test',
	],
	[
		'a check that was skipped',
		tls({verified: false, skippedBy: 'insecure-skip-tls-verify'}),
		'unverified',
		'socket-not-verified',
		'TLSv1.3, certificate not verified (insecure-skip-tls-verify)',
	],
	[
		'no check, for an unknown reason',
		tls({verified: false, skippedBy: null}),
		'unverified',
		'socket-not-verified',
		'TLSv1.3, certificate not verified',
	],
	['no TLS', of({scheme: 'http', tls: null}), 'plain', 'socket-without-tls', 'scheme http, no TLS on the socket'],
];

for (const [title, given, state, rule, observed] of rows) {
	test(`${title}: ${state}, proven`, t => {
		const verdict = firstLegTls(given);
		t.deepEqual(
			[verdict.state, verdict.basis, verdict.citations.map(citation => [citation.rule, citation.observed]), verdict.need],
			[state, 'proven', [[rule, observed]], []],
		);
	});
}

test('the route is direct, or through the configured proxy', t => {
	const routes = [of({}), of({remoteAddress: null}), of({proxy: {url: 'http://p:3128', from: 'environment'}})].map(given => {
		const {state, basis, via, citations} = firstLegRoute(given);
		return [state, basis, via, citations.map(({rule, observed}) => [rule, observed])];
	});
	t.deepEqual(routes, [
		['direct', 'proven', null, [['socket-direct', 'connected to 10.0.0.5:6443, no proxy set']]],
		['direct', 'proven', null, [['socket-direct', 'connected to the server, no proxy set']]],
		['proxy', 'proven', 'http://p:3128', [['socket-through-proxy', 'connected to http://p:3128, set by environment']]],
	]);
});

test('leg 1 is unknown without a connection', t => {
	for (const verdict of [firstLegTls(makeObservations({socket: null})), firstLegRoute(makeObservations({socket: null}))]) {
		t.deepEqual([verdict.state, verdict.basis, verdict.citations, verdict.why], ['unknown', 'unknown', [], 'no connection was made']);
	}
});
