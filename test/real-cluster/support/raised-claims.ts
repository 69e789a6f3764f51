/** What spoke claims of leg 2 in any of its outputs, and whether an adversary raised it above the truth. */
import type {ExecutionContext} from 'ava';
import type {Path} from '../../../source/evidence/evidence.ts';
import {startMcp} from '../../support/mcp-client.ts';
import type {UserName} from '../lab/kubeconfig.ts';
import {postureOf, type PostureName} from '../lab/postures.ts';
import {truthOf, type Truth} from '../lab/truth.ts';
import {isTrueTls} from './matrix-cells.ts';
import {objectsIn, type Cluster, type LabServer} from './cluster.ts';

/** Every path within the JSON lines of an output: of `path`, streams, forwards, doctor, and results of `mcp`. */
export function pathsWithin(output: string): Path[] {
	return objectsIn<unknown>(output).flatMap(object => pathsOf(object));
}

function pathsOf(value: unknown): Path[] {
	if (typeof value !== 'object' || value === null) {
		return [];
	}

	return (value as {kind?: unknown}).kind === 'Path' ? [value as Path] : Object.values(value).flatMap(one => pathsOf(one));
}

/**
False claims about a leg 2 to a kubelet, as words. `mayInfer`: behind a gateway, an inferred claim can be false. What a failure says of
itself (`refused`, inferred) names the failure, whoever wrote it, and makes nothing better.
*/
export function falseClaims(paths: readonly Path[], truth: Truth, {mayInfer = false} = {}): string[] {
	return paths.flatMap(path => {
		const [, second] = path.legs;
		if (second?.to !== 'kubelet') {
			return [];
		}

		const {state: exposure} = path.exposure;
		const {state, basis} = second.tls;
		const isOfFailure = state === 'refused' && basis === 'inferred';
		return [
			...(state === 'unknown' || isOfFailure || isTrueTls(path, truth) ? [] : [`TLS ${state} ${basis}`]),
			...(second.route.state === 'unknown' || truth.routes.includes(second.route.state)
				? []
				: [`route ${second.route.state} ${second.route.basis}`]),
			...(exposure === 'unknown' || exposure === truth.exposure ? [] : [`exposure ${exposure} ${path.exposure.basis}`]),
		]
			.filter(claim => !mayInfer || claim.endsWith('proven'))
			.map(claim => `${path.feature}: ${claim}: ${path.line}`);
	});
}

/** In every output that shows a path or depends on one. */
export async function assertUnraised(
	t: ExecutionContext,
	cluster: Cluster,
	server: LabServer,
	user: UserName,
	pod: string,
	gatewayTo?: PostureName,
): Promise<void> {
	const serving = pod.startsWith('liar') ? 'self-signed' : 'signed';
	const truth = truthOf(postureOf(gatewayTo ?? (server as PostureName)), {feature: 'logs', serving});
	const spoke = async (args: string) => cluster.spoke(server, args, {user});
	const outputs = await Promise.all([
		spoke(`path ${pod} --feature logs,exec,attach,port-forward -o json`),
		spoke(`logs ${pod} --tail=1 --path=json`),
		spoke(`exec ${pod} --path=json -- true`),
		spoke(`doctor ${pod} -o json`),
	]);
	// Later, because it opens streams that the others could count.
	outputs.push(await spoke(`path ${pod} --feature logs,exec,attach,port-forward --probe active -o json`));
	const {call} = await startMcp(t, [], {KUBECONFIG: cluster.kubeconfig(server, user)});
	const {result} = await call('path', {target: pod});
	const paths = outputs.flatMap(({stdout, stderr}) => pathsWithin(`${stdout}\n${stderr}`));
	t.true(paths.length > 4);
	t.deepEqual(
		falseClaims([...paths, ...pathsWithin(JSON.stringify(result))], truth, {mayInfer: gatewayTo !== undefined}),
		[],
		`${server} ${user}`,
	);
	if (truth.tls === 'unverified') {
		for (const args of [
			`logs ${pod} --tail=1 --require verified`,
			`path ${pod} --feature logs --probe active --require verified`,
			'audit --probe active --require C4=pass --require verified',
		]) {
			const {status, stdout, stderr} = await spoke(args);
			t.not(status, 0, `${server} ${user} ${args}: ${stdout}${stderr}`);
		}
	}
}
