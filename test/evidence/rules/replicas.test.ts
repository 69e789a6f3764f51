/** The known apiservers and their addresses. */
import test from 'ava';
import {replicasAgree, flagsPerProcess, knownReplicaCount, advertisedAddress} from '../../../source/evidence/rules/replicas.ts';
import {given, rowsOf} from '../../support/given.ts';
import {flags} from '../../support/observations.ts';

const counted = rowsOf(`
	nothing → unknown
	flagz ca=none egress=none at=10.0.0.5 @c8 p1; flagz ca=none egress=none at=10.0.0.6 @c9 p2; replicas unknown → unknown
	flagz ca=none egress=none; replicas 3 → 3
	replicas 1 → 1
	flagz ca=none egress=none at=10.0.0.5 @c8 p1; flagz ca=none egress=none at=10.0.0.6 @c9 p2; replicas 1 → 2 # they share the lease
	flagz ca=none egress=none @c8; flagz ca=none egress=none @c9; endpoints 1 → 2
	flagz ca=none egress=none @c8 p1; flagz ca=none egress=none @c9 p1; replicas 1 → 1

	# A lease that was made long after the start of the process that has its address is another one's.
	flagz ca=none egress=none at=10.0.0.5 p1; process p1; replicas 1 10.0.0.5 leases=10.0.0.5@14:05:00 → 2
	flagz ca=none egress=none at=10.0.0.5 p1; process p1; replicas 2 10.0.0.5 10.0.0.6 leases=10.0.0.5@14:05:00 → 2
	flagz ca=none egress=none at=10.0.0.5 p1; process p1; replicas 1 10.0.0.5 leases=10.0.0.5@14:00:04 → 1
	flagz ca=none egress=none at=10.0.0.5 p1; process p1; replicas 1 10.0.0.5 leases=10.0.0.5 → 1
	flagz ca=none egress=none at=10.0.0.5 @c9 p2; flagz ca=none egress=none p1; process p1; replicas 2 leases=10.0.0.5@14:05:00,none → 2

	flagz ca=none egress=none at=10.0.0.7; replicas 2 10.0.0.5 10.0.0.6 → 3
	flagz ca=none egress=none at=10.0.0.6; replicas 2 10.0.0.5 10.0.0.6 → 2
	flagz ca=none egress=none @c8 p1; flagz ca=none egress=none at=10.0.0.7 @c9 p2; pod a ca=none egress=none at=10.0.0.7:6443; pod b ca=none egress=none at=10.0.0.8:6443; replicas 2 → 2
	pod a; pod b; replicas 1 → 2
	flagz ca=none egress=none at=10.0.0.5; pod b at=10.0.0.6; replicas 1 → 2
`);

for (const {given: facts, expected} of counted) {
	test(`known apiservers, ${facts}: ${expected}`, t => {
		t.is(String(knownReplicaCount(given(facts)) ?? 'unknown'), expected);
	});
}

const agreed = rowsOf(`
	flagz ca=none egress=none at=10.0.0.5 @c8 p1; flagz ca=none egress=none at=10.0.0.6 @c9 p2; replicas 2 → true
	flagz ca=none egress=none at=10.0.0.5 @c8 p1; flagz ca=none egress=none at=10.0.0.5 @c9 p2; replicas 2 → unknown # one restarted, and another was not read
	flagz ca=none egress=none p1; flagz ca=none egress=none p2; replicas 2 → unknown
	flagz ca=none egress=none at=10.0.0.5 @c8 p1; flagz ca=none egress=none at=10.0.0.6 @c9 p2; replicas 3 → unknown
	flagz ca=none egress=none at=10.0.0.5 @c8 p1; flagz ca=/ca.crt egress=none @c9 p2; replicas 3 → false
	flagz @c8 p1; flagz @c9 p2; replicas 2 → unknown # both withhold it
	flagz ca=none egress=none at=10.0.0.5 @c8 p1; flagz @c9 p2; replicas 2 → unknown
	pod a at=10.0.0.7; pod b at=10.0.0.8 ca=none; replicas 2 10.0.0.7 10.0.0.8 → unknown # whoever may write pods could have made them up
	flagz ca=none egress=none at=10.0.0.5 @c8 p1; flagz ca=none egress=none at=10.0.0.9 @c9 p2; replicas 2 10.0.0.5 10.0.0.6 → unknown # no list has one address
	flagz ca=none egress=none bind-address=10.0.0.5 secure-port=6443; replicas 1 → unknown # it advertises nothing

	# Without leases, more apiservers can share an address, which may be a balancer's.
	flagz ca=none egress=none at=10.0.0.5; endpoints 10.0.0.5 → unknown
	flagz ca=none egress=none at=10.0.0.5 @c8 p1; flagz ca=none egress=none at=10.0.0.6 @c9 p2; endpoints 10.0.0.5 10.0.0.6 → unknown
`);

for (const {given: facts, expected} of agreed) {
	test(`replicas agree, ${facts}: ${expected}`, t => {
		const observations = given(facts);
		t.is(String(replicasAgree(observations, flagsPerProcess(observations)) ?? 'unknown'), expected);
	});
}

test('an own address is one that can be dialed', t => {
	t.deepEqual(
		['10.0.0.5', 'FD00::A', 'api.test', '', 'x10.0.0.5'].map(host =>
			advertisedAddress(flags({'advertise-address': host, 'secure-port': '6443'})),
		),
		['10.0.0.5:6443', '[FD00::A]:6443', null, null, null],
	);
	t.deepEqual(
		['', '6443a', 'a6443'].map(port => advertisedAddress(flags({'advertise-address': '10.0.0.5', 'secure-port': port}))),
		[null, null, null],
	);
	t.is(advertisedAddress(flags({})), null);
});

test('the own address of k3s is that of its own server', t => {
	t.is(advertisedAddress(flags({'advertise-address': '10.0.0.5', 'secure-port': '6444', 'advertise-port': '6443'})), '10.0.0.5:6443');
});
