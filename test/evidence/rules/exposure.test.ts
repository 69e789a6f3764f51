import test from 'ava';
import type {Basis, ExposureState, Need, RouteState, TlsState} from '../../../source/evidence/evidence.ts';
import {decideExposure} from '../../../source/evidence/rules/exposure.ts';
import {needActive, needMetrics} from '../../../source/evidence/rules/needs.ts';
import {verifyingFlags, flags, makeObservations} from '../../support/observations.ts';

type Row = [tls: TlsState, tlsBasis: Basis, route: RouteState, routeBasis: Basis, state: ExposureState, basis: Basis];
const rows: readonly Row[] = [
	['verified', 'proven', 'unknown', 'unknown', 'protected', 'proven'],
	['verified', 'inferred', 'direct', 'proven', 'protected', 'inferred'],
	['refused', 'proven', 'direct', 'proven', 'protected', 'proven'],
	['enforced', 'proven', 'unknown', 'unknown', 'protected', 'proven'],
	['enforced', 'inferred', 'direct', 'proven', 'protected', 'inferred'],
	['enforced', 'inferred', 'konnectivity', 'proven', 'protected', 'proven'],
	['enforced', 'inferred', 'konnectivity', 'inferred', 'protected', 'inferred'],
	['unverified', 'proven', 'direct', 'proven', 'exposed', 'proven'],
	['unverified', 'proven', 'direct', 'inferred', 'exposed', 'inferred'],
	['unverified', 'proven', 'konnectivity', 'proven', 'protected', 'proven'],
	['unverified', 'proven', 'konnectivity', 'inferred', 'protected', 'inferred'],
	['plain', 'proven', 'konnectivity', 'proven', 'protected', 'proven'],
	['plain', 'proven', 'direct', 'proven', 'exposed', 'proven'],
	['plain', 'proven', 'egress-http-connect', 'proven', 'unknown', 'unknown'],
	['unverified', 'proven', 'egress', 'inferred', 'unknown', 'unknown'],
	['unverified', 'proven', 'unknown', 'unknown', 'unknown', 'unknown'],
	['unverified', 'proven', 'ssh-tunnel', 'proven', 'exposed', 'inferred'],
	['unknown', 'unknown', 'direct', 'proven', 'unknown', 'unknown'],
	['unknown', 'unknown', 'konnectivity', 'proven', 'protected', 'proven'],
];

for (const [tls, tlsBasis, route, routeBasis, state, basis] of rows) {
	test(`${tls} (${tlsBasis}) by ${route} (${routeBasis}): ${state}, ${basis}`, t => {
		const exposure = decideExposure(
			makeObservations(),
			{state: tls, basis: tlsBasis, citations: [], need: []},
			{state: route, basis: routeBasis, citations: [], need: [], protocol: null, agent: null},
		);
		t.is(exposure.state, state);
		t.is(exposure.basis, basis);
		t.not(exposure.why, '');
	});
}

test('an exposure names the verdict that protects', t => {
	const byOf = (tls: 'verified' | 'unverified', route: 'konnectivity' | 'direct') =>
		decideExposure(
			makeObservations(),
			{state: tls, basis: 'proven', citations: [], need: []},
			{state: route, basis: 'proven', citations: [], need: [], protocol: null, agent: null},
		).by;
	t.deepEqual(
		[byOf('verified', 'konnectivity'), byOf('unverified', 'konnectivity'), byOf('unverified', 'direct')],
		['tls', 'route', undefined],
	);
});

test('behind k3s’s server, the exposure of a plain proxy request is unknown, without a need', t => {
	const plain = {state: 'plain', basis: 'proven', citations: [], need: []} as const;
	const route = {state: 'egress-http-connect', basis: 'proven', citations: [], need: [], protocol: 'http-connect', agent: null} as const;
	const behind = makeObservations({flags: [flags({...verifyingFlags, 'advertise-port': '6443'})]}, 'pod-proxy');
	const exposure = decideExposure(behind, plain, route);
	t.deepEqual([exposure.state, exposure.need], ['unknown', []]);
	t.regex(exposure.why, /k3s’s own server can dial the target without its tunnel/);
	t.true(decideExposure(makeObservations({flags: [flags(verifyingFlags)]}, 'pod-proxy'), plain, route).need.length > 0);
});

test('a leg known to be unverified or plain is not protected by a flag', t => {
	const given = makeObservations({flags: [flags(verifyingFlags)]});
	for (const state of ['unverified', 'plain'] as const) {
		const exposure = decideExposure(
			given,
			{state, basis: 'inferred', citations: [], need: []},
			{state: 'direct', basis: 'proven', citations: [], need: [], protocol: null, agent: null},
		);
		t.deepEqual([exposure.state, exposure.basis], ['exposed', 'inferred']);
		t.regex(exposure.why, state === 'plain' ? /^plain HTTP/ : /not verified/);
	}
});

test('a flag inferred to be set protects when nothing stronger is known', t => {
	const given = makeObservations({flags: [flags(verifyingFlags, {connection: 'c9'})]});
	for (const [state, route, basis] of [
		['unknown', 'direct', 'inferred'],
		['unknown', 'konnectivity', 'proven'],
		['verified', 'direct', 'inferred'],
	] as const) {
		const exposure = decideExposure(
			given,
			{state, basis: state === 'unknown' ? 'unknown' : 'inferred', citations: [], need: []},
			{state: route, basis: 'proven', citations: [], need: [], protocol: null, agent: null},
		);
		t.deepEqual([exposure.state, exposure.basis], ['protected', basis]);
	}
});

test('verification protects whether or not this kubelet passes it', t => {
	const given = makeObservations({flags: [flags(verifyingFlags)]});
	for (const [state, basis] of [
		['unknown', 'unknown'],
		['verified', 'inferred'],
		['refused', 'inferred'],
	] as const) {
		const exposure = decideExposure(
			given,
			{state, basis, citations: [], need: []},
			{state: 'direct', basis: 'proven', citations: [], need: [], protocol: null, agent: null},
		);
		t.deepEqual([exposure.state, exposure.basis], ['protected', 'proven']);
	}
});

test('an unknown exposure needs what the route needs, or else an active probe', t => {
	const unverified = {state: 'unverified', basis: 'proven', citations: [], need: []} as const;
	const needOf = (need: readonly Need[]) =>
		decideExposure(makeObservations(), unverified, {state: 'unknown', basis: 'unknown', citations: [], need, protocol: null, agent: null})
			.need;
	t.deepEqual([needOf([needMetrics]), needOf([])], [[needMetrics], [needActive]]);
});
