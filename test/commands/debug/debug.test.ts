import {text} from 'node:stream/consumers';
import test, {type ExecutionContext} from 'ava';
import {type ByHand, reply, serve, statusObject} from '../../support/api-server.ts';
import {overWebSocket, refuseUpgrade, success} from '../../support/command-server.ts';
import {type Printed, spokePrints} from '../../support/run-spoke.ts';
import {openSandbox} from '../../support/sandbox.ts';

type Debugged = {
	seenRunning?: boolean;
	phase?: string;
	runAsUser?: number;
	/** Of the attach; with `null` it is accepted, and ends at once. */
	refusal?: string | null;
	code?: number;
	patchRefusal?: string;
	/** The state before the container is seen to run. */
	unseen?: object;
};

/** A pod whose debug container `late` the kubelet refuses to attach to. */
async function given(
	t: ExecutionContext,
	{
		seenRunning = true,
		refusal = 'container late not found in pod web_default',
		code = 500,
		patchRefusal,
		unseen = {terminated: {exitCode: 3}},
		phase = 'Running',
		runAsUser,
	}: Debugged,
) {
	const patches: string[] = [];
	let asked = seenRunning;
	const pod = () => ({
		apiVersion: 'v1',
		kind: 'Pod',
		metadata: {name: 'web', namespace: 'default', uid: 'u1', resourceVersion: '1'},
		spec: {
			nodeName: 'n1',
			containers: [{name: 'app'}],
			ephemeralContainers: [{name: 'late'}],
			...(runAsUser !== undefined && {securityContext: {runAsUser}}),
		},
		status: {phase, ephemeralContainerStatuses: [{name: 'late', state: asked ? {running: {}} : unseen}]},
	});
	const ofPod: ByHand = (...request) => reply(200, pod())(...request);
	const patch: ByHand = async (request, ...rest) => {
		patches.push(await text(request));
		(patchRefusal === undefined ? ofPod : reply(403, statusObject(403, patchRefusal)))(request, ...rest);
	};

	const pods = '/api/v1/namespaces/default/pods';
	const server = await serve(
		t,
		{
			[`${pods}/web/log`]: 'hello\n',
			[pods](request, response, query) {
				if (query.has('watch')) {
					response.flushHeaders();
				} else {
					reply(200, {kind: 'PodList', apiVersion: 'v1', metadata: {resourceVersion: '1'}, items: [pod()]})(request, response, query);
				}
			},
			[`${pods}/web`]: ofPod,
			[`PATCH ${pods}/web/ephemeralcontainers`]: patch,
		},
		{
			async upgrade(request, socket, head) {
				asked = false;
				if (refusal === null) {
					const far = await overWebSocket(request, socket, head);
					far.status(success);
					far.close();
					return;
				}

				// The kubelet's response is relayed unchanged.
				refuseUpgrade(
					socket,
					code >= 500
						? {status: code, body: refusal, contentType: 'text/plain; charset=utf-8'}
						: {status: code, body: JSON.stringify(statusObject(code, refusal))},
				);
			},
		},
	);
	const config = await server.config();
	const prints = async (more: string, expected: Printed) =>
		spokePrints(t, ['debug', ...config, ...`web --image=x -c late ${more}`.trim().split(' ')], expected);
	return {patches, prints};
}

for (const [title, debugged, more, expected] of [
	[
		'a container that ended before it was seen to run has its log printed and sets the exit status',
		{seenRunning: false},
		'-iq -- sh',
		{status: 3, stdout: 'hello\n'},
	],
	[
		'a container that ended after it was seen to run has its log printed and sets the exit status',
		{},
		'-iq -- sh',
		{status: 3, stdout: 'hello\n'},
	],
	[
		'a container that ended during the attach has its log printed and sets the exit status',
		{refusal: null},
		'-iq -- sh',
		{status: 3, stdout: 'hello\n'},
	],
	[
		'a running container that cannot be attached to is an error without output',
		{refusal: 'pods "web" is forbidden', code: 403},
		'-iq',
		{status: 125, stderr: /forbidden/},
	],
	[
		'debug without -i prints the container name without waiting',
		{seenRunning: false, unseen: {waiting: {reason: 'ErrImagePull'}}},
		'-q',
		{stdout: 'late\n'},
	],
	[
		'a Pod Security rejection names a profile that is allowed',
		{patchRefusal: 'pods "web" is forbidden: violates PodSecurity "baseline:latest": non-default capabilities'},
		'',
		{status: 125, stderr: /^error: pods "web" is forbidden: violates PodSecurity .*--profile=baseline.*\[ERR_FORBIDDEN\]\n$/},
	],
	[
		'debug warns about a capability that a non-root pod removes',
		{runAsUser: 1000},
		'',
		{stdout: /./, stderr: /^Warning: Non-root user is configured for the entire target Pod/},
	],
	['debug does not warn about a profile without capabilities', {runAsUser: 1000}, '--profile=baseline -q', {stdout: 'late\n'}],
] as ReadonlyArray<[string, Debugged, string, Printed]>) {
	test(title, async t => {
		const {prints} = await given(t, debugged);
		await prints(more, expected);
	});
}

test('a terminated pod gets no debug container to attach to', async t => {
	const {patches, prints} = await given(t, {seenRunning: false, unseen: {}, phase: 'Succeeded'});
	await prints('-iq', {status: 125, stderr: /never starts; current phase is Succeeded.*spoke logs web.*\[ERR_TARGET_GONE\]\n$/s});
	t.deepEqual(patches, []);
	// As kubectl, which does not look.
	await prints('-q', {stdout: 'late\n'});
	t.is(patches.length, 1);
});

async function inSandbox(t: ExecutionContext, options?: Parameters<typeof openSandbox>[1]) {
	const {env} = await openSandbox(t, options);
	/** `command`: one word more. */
	return async (line: string, expected: Printed, {command, input = ''}: {command?: string; input?: string} = {}) =>
		spokePrints(t, [...line.split(' '), ...(command === undefined ? [] : [command])], expected, {env, input});
}

test('debug picks a pod of a workload or service and prints its name, as help says', async t => {
	const prints = await inSandbox(t);
	await prints('help debug', {
		stdout:
			/Usage: spoke debug TARGET --image=IMAGE[\s\S]*TARGET is a pod, service, workload or node\.[\s\S]*spoke\s+picks\s+a\s+pod\s+as\s+exec\s+does/,
	});
	for (const target of ['deploy/web', 'svc/web']) {
		await prints(`debug ${target} --image=x -c late-${target.split('/')[0]}`, {
			stdout: /./,
			stderr: /^added container late-\w+ \(x\) to pod web-[\w-]+; it remains until the pod is deleted\n$/,
		});
	}

	await prints('debug --image=x', {status: 125, stderr: /^error: expected one target, got 0/});
});

const sixBytes = {command: 'head -c 6', input: 'hello\n'};

test('a copy of a pod is created, attached to and labeled, and the original stays', async t => {
	const prints = await inSandbox(t);
	const command = 'debug db-0 --copy-to=db-debug --image=busybox -c late -i --path=json --arguments-only -- -c';
	const created = /^created pod db-debug, a copy of pod db-0; it remains until you delete it\n/;
	await prints(command, {stdout: 'hello\n', stderr: created}, sixBytes);
	await prints('path db-0 --feature logs', {stdout: /./});
});

test('a pod on a node is created in the namespace of the context, attached to and labeled', async t => {
	const prints = await inSandbox(t);
	const created = /^created pod node-debugger-n1-\w{5} with container debugger on node n1; it remains until you delete it\n/;
	const {stderr} = await prints(
		'debug node/n1 --image=busybox -i --path=json --arguments-only -- -c',
		{stdout: 'hello\n', stderr: created},
		sixBytes,
	);
	const path = stderr.split('\n').findLast(line => line.startsWith('{')) ?? 'null';
	t.like(JSON.parse(path), {feature: 'attach', target: {node: 'n1'}});
});

test('a copy with only changed images is not attached to, and its name is printed', async t => {
	const prints = await inSandbox(t);
	await prints('debug db-0 --copy-to=db-new --set-image=*=other:2 -i', {stdout: 'db-new\n', stderr: /^/});
});

test('--replace deletes the named pod after creating its copy, and rejects workloads', async t => {
	const prints = await inSandbox(t);
	await prints('debug db-0 --copy-to=db-0 --replace --set-image=*=x', {status: 125, stderr: /already exists/});
	// The original is not deleted when its copy is not created.
	await prints('path db-0 --feature logs', {stdout: /./});
	await prints('debug db-0 --copy-to=db-new --replace --set-image=*=x', {
		stdout: /^/,
		stderr: /^created pod db-new, a copy of pod db-0; .*\ndeleted pod db-0\n$/,
	});
	await prints('debug deploy/web --copy-to=web-new --replace --set-image=*=x', {
		status: 125,
		stderr: /--replace deletes the named pod: deploy\/web is not a pod.*\[ERR_USAGE\]\n$/,
	});
});

test('--attach without -i prints what the container prints, and --attach=false leaves -i alone', async t => {
	const prints = await inSandbox(t);
	await prints('debug db-0 --image=busybox -c one --attach -q --arguments-only -- -c', {stdout: 'hello\n'}, {command: 'echo hello'});
	await prints('debug db-0 --image=x -c two -it --attach=false -q -- sh', {stdout: 'two\n'});
});

for (const argv of ['db-0 --copy-to=y --image=x', 'node/n1 --image=x']) {
	test(`a user who cannot create pods sees the permission for debug ${argv}`, async t => {
		const prints = await inSandbox(t, {user: 'bob'});
		await prints(`debug ${argv}`, {status: 125, stderr: /\[ERR_FORBIDDEN\]\n$/});
	});
}

for (const [argv, stderr] of [
	['web --image=x --read-only', /\[ERR_READ_ONLY\]\n$/],
	['web --copy-to=y --image=x --read-only', /\[ERR_READ_ONLY\]\n$/],
	['node/n1 --image=x --read-only', /\[ERR_READ_ONLY\]\n$/],
	['node/n1 --image=x --copy-to=y', /--copy-to does not apply to a node.*\[ERR_USAGE\]\n$/],
	['node/n1 --image=x --target=y', /--target does not apply to a node.*\[ERR_USAGE\]\n$/],
	['web --image=x --env=A', /A must be formatted as key=value.*\[ERR_USAGE\]\n$/],
] as const) {
	test(`debug ${argv} is rejected`, async t => {
		await spokePrints(t, ['debug', ...argv.split(' ')], {status: 125, stderr});
	});
}
