import type {Sandbox} from '../../source/sandbox/sandbox.ts';
import {ask, askJson} from './sandbox-client.ts';
import {until} from './until.ts';

/** Of a sandbox. Resolves when all replicas are Ready. */
export async function scaleWorkload(sandbox: Sandbox, workload: 'statefulsets/db' | 'deployments/web', replicas: number): Promise<void> {
	const path = `/apis/apps/v1/namespaces/default/${workload}`;
	await ask(sandbox, path, {method: 'PATCH', headers: {'content-type': 'application/merge-patch+json'}, body: {spec: {replicas}}});
	await until(async () => {
		const {status} = await askJson<{status: {readyReplicas: number}}>(sandbox, path);
		return status.readyReplicas === replicas;
	});
}
