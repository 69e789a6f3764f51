/** All lying kubelets at once behind each way to a kubelet. Behind the base, adversaries.cluster.ts has them one by one. */
import test from 'ava';
import {forgetRequests, lies} from './lab/lies.ts';
import {startOddNodes} from './lab/odd-nodes.ts';
import type {PostureName} from './lab/postures.ts';
import {useCluster} from './support/cluster.ts';
import {assertUnraised} from './support/raised-claims.ts';

/** Each egress, and kubelets that are verified. */
const postures: readonly PostureName[] = [
	'off-grpc',
	'off-http',
	'off-tcp',
	'off-refused-proxy',
	'egress-file-direct',
	'egress-file-controlplane',
	'old-off-direct',
	'good-direct',
	'bad-direct',
	'good-grpc',
	'good-supervisor',
];
const cluster = await useCluster({postures: ['off-direct']});

for (const posture of postures) {
	test.serial(`kubelets that lie at once raise no label (${posture})`, async t => {
		await useCluster({postures: [posture]});
		forgetRequests();
		const liars = Object.fromEntries(
			Object.values(lies).map((answer, index) => [`liar-${index}`, {kind: 'tls', by: 'gateway', answer} as const]),
		);
		const nodes = await startOddNodes(cluster.lab, liars);
		try {
			await Promise.all(Object.keys(liars).map(async liar => assertUnraised(t, cluster, posture, 'monitor', liar)));
		} finally {
			await nodes.close();
		}
	});
}
