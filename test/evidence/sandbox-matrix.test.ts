/** Claims about each connection in the sandbox, compared with its posture. */
import test, {type ExecutionContext} from 'ava';
import type {Path} from '../../source/evidence/evidence.ts';
import {findPaths} from '../../source/evidence/find-paths.ts';
import type {SwitchValues} from '../../source/sandbox/sandbox.ts';
import {clientForTest} from '../support/client-for-test.ts';
import {openSandbox} from '../support/sandbox.ts';

type Verification = SwitchValues['verification'];
type Route = SwitchValues['route'];

const users = ['admin', 'ada', 'bob'] as const;
const routesOf: Readonly<Record<Route, readonly string[]>> = {
	direct: ['direct'],
	konnectivity: ['konnectivity'],
	'http-connect': ['konnectivity', 'egress-http-connect', 'egress'],
	ssh: ['ssh-tunnel'],
};

/** By user and probe: claims of TLS and route that are correct (`exact`) or unknown. A false claim fails its test. */
const counts = new Map<string, {exact: number; unknown: number}>();

for (const [row, verification] of (['off', 'good', 'bad'] as const satisfies readonly Verification[]).entries()) {
	for (const [column, route] of (['direct', 'konnectivity', 'http-connect', 'ssh'] as const satisfies readonly Route[]).entries()) {
		// Each user meets each verification, and most routes.
		const user = users[(row + column) % users.length]!;
		test(`kubelet CA ${verification}, ${route}, as ${user}: no verdict about a leg is false`, async t => {
			const {sandbox, env} = await openSandbox(t, {user});
			await sandbox.switches.set({verification, route});
			// Active probes as admin, and as bob, whose role covers only one namespace.
			for (const probe of user === 'ada' ? (['passive'] as const) : (['passive', 'active'] as const)) {
				await evaluate(t, `${user} ${probe}`, await pathsOf(t, env, probe), verification, route);
			}
		});
	}
}

async function pathsOf(t: ExecutionContext, env: NodeJS.ProcessEnv, probe: 'passive' | 'active'): Promise<Path[]> {
	return findPaths(await clientForTest(t, [], env), 'svc/web', {probe});
}

async function evaluate(t: ExecutionContext, who: string, paths: readonly Path[], verification: Verification, route: Route): Promise<void> {
	t.true(paths.length >= 6);
	for (const path of paths) {
		const {to, tls, route: way} = path.legs[1]!;
		const truth = to === 'kubelet' ? {off: 'unverified', good: 'verified', bad: 'refused'}[verification] : 'plain';
		const counted = counts.get(who) ?? {exact: 0, unknown: 0};
		for (const {state} of [tls, way]) {
			counted[state === 'unknown' ? 'unknown' : 'exact']++;
		}

		counts.set(who, counted);
		const title = `${who} ${path.feature}: ${path.line}`;
		const isChecked = truth === 'verified' || truth === 'refused';
		t.true(tls.state === 'unknown' || tls.state === truth || (isChecked && tls.state === 'enforced'), `${title}: TLS is ${truth}`);
		t.true(way.state === 'unknown' || routesOf[route].includes(way.state), `${title}: route is ${route}`);
		if (who === 'admin passive' && isChecked) {
			t.true(to !== 'kubelet' || route === 'ssh' || tls.state !== 'unknown', title);
		}

		if (who === 'admin active') {
			t.not(tls.state, 'enforced', title);
			// Apiservers with SSH tunnels have no /flagz: only the request itself and objects say more. A far end can write that it was refused.
			t.is(tls.basis, route === 'ssh' || tls.state === 'refused' ? 'inferred' : 'proven', title);
			t.not(way.state, 'unknown', title);
		}

		t.true(
			path.legs.every(leg =>
				[leg.tls, leg.route].every(verdict =>
					verdict.state === 'unknown' ? verdict.need.length > 0 || verdict.why !== undefined : verdict.evidence.length > 0,
				),
			),
			title,
		);
	}
}

test.after('a user who can read and probe gets nine of ten verdicts', t => {
	for (const [who, {exact, unknown}] of counts) {
		t.log(`${who}: ${exact + unknown} claims, ${exact} exact, 0 false, ${unknown} unknown`);
	}

	const {exact, unknown} = counts.get('admin active')!;
	t.true(exact >= 0.9 * (exact + unknown));
});
