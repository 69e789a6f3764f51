/** A refused certificate that is the egress proxy's, and no kubelet's. */
import test from 'ava';
import type {LogDifferentialFacts, Observations} from '../../../source/evidence/evidence.ts';
import {refusedEgressProxy} from '../../../source/evidence/rules/egress-proxy-certificate.ts';
import {kubeletTls} from '../../../source/evidence/rules/second-leg-tls.ts';
import {
	failure,
	flags,
	makeObservation,
	makeObservations,
	processOf,
	tunnelFlags,
	unverifiedFlags,
	verifyingFlags,
} from '../../support/observations.ts';

const log = (skipping: LogDifferentialFacts['skipping']) =>
	makeObservation(
		'log-differential',
		{normal: 'certificate-refused' as const, skipping, text: 'x509', node: 'n1'},
		{connection: 'c1', active: true},
	);
const spoken = failure({tls: 'refused'});
const verifyingTunnel = {...verifyingFlags, 'egress-selector-config-file': '/egress.yaml'};
const {purpose} = makeObservations();
const unverifiedLog = {...purpose, feature: 'logs', insecureSkipTlsVerifyBackend: true} as const;

const rows: ReadonlyArray<[title: string, given: Partial<Observations>, isRefused: boolean]> = [
	[
		'a read is refused with and without verification',
		{flags: [flags(verifyingTunnel)], logDifferentials: [log('certificate-refused')]},
		true,
	],
	['a read is refused only with verification', {flags: [flags(verifyingTunnel)], logDifferentials: [log('ok')]}, false],
	[
		'a read is refused, and fails otherwise without verification',
		{flags: [flags(verifyingTunnel)], logDifferentials: [log('failed')]},
		false,
	],
	['a read is refused, and kubelets are not verified', {flags: [flags(tunnelFlags)], logDifferentials: [log('failed')]}, true],
	['a stream is refused, and kubelets are not verified', {flags: [flags(tunnelFlags)], failures: [spoken]}, true],
	[
		'a stream that asks for no verification is refused',
		{flags: [flags(verifyingTunnel)], purpose: unverifiedLog, failures: [spoken]},
		true,
	],
	['a stream is refused, and kubelets are verified', {flags: [flags(verifyingTunnel)], failures: [spoken]}, false],
	[
		'a log is refused that does not ask for no verification',
		{flags: [flags(verifyingTunnel)], purpose: {...purpose, feature: 'logs'}, failures: [spoken]},
		false,
	],
	['a stream is refused, and no flags can be read', {failures: [spoken]}, false],
	[
		'the apiserver of another process was refused',
		{flags: [flags(tunnelFlags)], process: processOf('p1'), failures: [{...spoken, connection: 'c9', process: 'p2'}]},
		false,
	],
	['there is no egress file', {flags: [flags(unverifiedFlags)], failures: [spoken]}, false],
];

for (const [title, given, isRefused] of rows) {
	test(`the egress proxy is ${isRefused ? 'refused' : 'not known to be refused'} when ${title}`, t => {
		t.is(refusedEgressProxy(makeObservations(given)) !== undefined, isRefused);
	});
}

test('where kubelets are verified, a refused egress proxy leaves their certificates enforced', t => {
	const flagsRead = [flags(verifyingTunnel)];
	const tls = (skipping: LogDifferentialFacts['skipping']) =>
		kubeletTls(makeObservations({flags: flagsRead, logDifferentials: [log(skipping)]})).state;
	t.deepEqual([tls('ok'), tls('certificate-refused')], ['refused', 'enforced']);
});

test('a refused read without a text is cited in words', t => {
	const silent = log('certificate-refused');
	const cited = refusedEgressProxy(
		makeObservations({flags: [flags(verifyingTunnel)], logDifferentials: [{...silent, facts: {...silent.facts, text: null}}]}),
	)!.map(({observed}) => observed);
	t.deepEqual(cited, ['a log read is refused at the certificate']);
});
