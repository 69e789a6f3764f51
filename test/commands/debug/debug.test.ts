import type {IncomingMessage, ServerResponse} from 'node:http';
import {text} from 'node:stream/consumers';
import test, {type ExecutionContext} from 'ava';
import {serve} from '../../support/api-server.ts';
import {overWebSocket, success} from '../../support/command-server.ts';
import {runSpoke} from '../../support/run-spoke.ts';
import {openSandbox} from '../../support/sandbox.ts';

for (const [title, seenRunning] of [
	['before it was seen to run', false],
	['between then and the attach', true],
] as const) {
	test(`a container that ended ${title} has its log printed and sets the exit status`, async t => {
		const config = await given(t, {seenRunning});
		const {status, stdout, stderr} = await runSpoke([
			'debug',
			...config,
			'web',
			'--image=x',
			'-c',
			'late',
			'-iq',
			'--',
			'sh',
			'-c',
			'echo hello; exit 3',
		]);
		t.deepEqual({status, stdout, stderr}, {status: 3, stdout: 'hello\n', stderr: ''});
	});
}

test('a container that ended during the attach has its log printed and sets the exit status', async t => {
	const config = await given(t, {seenRunning: true, refusal: null});
	const {status, stdout, stderr} = await runSpoke([
		'debug',
		...config,
		'web',
		'--image=x',
		'-c',
		'late',
		'-iq',
		'--',
		'sh',
		'-c',
		'echo hello; sleep 1; exit 3',
	]);
	t.deepEqual({status, stdout, stderr}, {status: 3, stdout: 'hello\n', stderr: ''});
});

test('a running container that cannot be attached to is an error without output', async t => {
	const config = await given(t, {seenRunning: true, refusal: 'pods "web" is forbidden', code: 403});
	const {status, stdout, stderr} = await runSpoke(['debug', ...config, 'web', '--image=x', '-c', 'late', '-iq']);
	t.deepEqual({status, stdout}, {status: 125, stdout: ''});
	t.regex(stderr, /forbidden/);
});

test('debug without -i prints the container name without waiting', async t => {
	const config = await given(t, {seenRunning: false, unseen: {waiting: {reason: 'ErrImagePull'}}});
	t.deepEqual(await runSpoke(['debug', ...config, 'web', '--image=x', '-c', 'late', '-q']), {status: 0, stdout: 'late\n', stderr: ''});
});

test('a terminated pod gets no debug container to attach to', async t => {
	const patches: string[] = [];
	const config = await given(t, {seenRunning: false, unseen: {}, phase: 'Succeeded', patches});
	const {status, stdout, stderr} = await runSpoke(['debug', ...config, 'web', '--image=x', '-c', 'late', '-iq']);
	t.deepEqual({status, stdout, patches}, {status: 125, stdout: '', patches: []});
	t.regex(stderr, /never starts; current phase is Succeeded.*spoke logs web.*\[ERR_TARGET_GONE\]\n$/s);
	t.is((await runSpoke(['debug', ...config, 'web', '--image=x', '-c', 'late', '-q'])).stdout, 'late\n', 'as kubectl, which does not look');
	t.is(patches.length, 1);
});

for (const [profile, securityContext] of [
	[[], {capabilities: {add: ['SYS_PTRACE']}}],
	[['--profile=baseline'], undefined],
	[['--profile=legacy'], undefined],
	[['--profile=netadmin'], {capabilities: {add: ['NET_ADMIN', 'NET_RAW']}}],
	[['--profile=sysadmin'], {privileged: true}],
	[
		['--profile=restricted'],
		{allowPrivilegeEscalation: false, capabilities: {drop: ['ALL']}, runAsNonRoot: true, seccompProfile: {type: 'RuntimeDefault'}},
	],
] as const) {
	test(`a debug container has kubectl’s security context for ${profile.join('') || 'its default'}`, async t => {
		const patches: string[] = [];
		const config = await given(t, {seenRunning: true, patches});
		await runSpoke(['debug', ...config, 'web', '--image=x', '-c', 'late', ...profile]);
		const {spec} = JSON.parse(patches.join('')) as {spec: {ephemeralContainers: Array<{securityContext?: object}>}};
		t.deepEqual(spec.ephemeralContainers[0]?.securityContext, securityContext);
	});
}

test('a Pod Security rejection names a profile that is allowed', async t => {
	const config = await given(t, {
		seenRunning: true,
		patchRefusal: 'pods "web" is forbidden: violates PodSecurity "baseline:latest": non-default capabilities',
	});
	t.regex(
		(await runSpoke(['debug', ...config, 'web', '--image=x', '-c', 'late'])).stderr,
		/^error: pods "web" is forbidden: violates PodSecurity .*--profile=baseline.*\[ERR_FORBIDDEN\]\n$/,
	);
});

/** The kubelet refuses to attach, or with `refusal` null does not respond. Returns flags. */
async function given(
	t: ExecutionContext,
	{
		seenRunning,
		refusal = 'container late not found in pod web_default',
		code = 500,
		patches = [],
		patchRefusal,
		unseen = {terminated: {exitCode: 3}},
		phase = 'Running',
		runAsUser,
	}: {
		seenRunning: boolean;
		phase?: string;
		runAsUser?: number;
		refusal?: string | null;
		code?: number;
		patches?: string[];
		patchRefusal?: string;
		unseen?: object;
	},
): Promise<string[]> {
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
	const answer = async (request: IncomingMessage, response: ServerResponse) => {
		const {url = '', method} = request;
		const path = url.split('?', 1)[0]!;
		response.setHeader('content-type', 'application/json');
		if (method === 'PATCH') {
			patches.push(await text(request));
			if (patchRefusal !== undefined) {
				response
					.writeHead(403)
					.end(JSON.stringify({kind: 'Status', apiVersion: 'v1', status: 'Failure', message: patchRefusal, code: 403}));
				return;
			}
		}

		if (path.endsWith('/log')) {
			response.end('hello\n');
		} else if (path.endsWith('/pods')) {
			if (url.includes('watch=')) {
				response.flushHeaders();
			} else {
				response.end(JSON.stringify({kind: 'PodList', apiVersion: 'v1', metadata: {resourceVersion: '1'}, items: [pod()]}));
			}
		} else {
			response.writeHead(method === 'PATCH' || path.endsWith('/web') ? 200 : 404).end(JSON.stringify(pod()));
		}
	};

	const server = await serve(t, answer, {
		async upgrade(request, socket, head) {
			asked = false;
			if (refusal === null) {
				const far = await overWebSocket(request, socket, head);
				far.status(success);
				far.close();
				return;
			}

			// The kubelet's response is relayed unchanged.
			const [type, body] =
				code >= 500
					? ['text/plain; charset=utf-8', refusal]
					: ['application/json', JSON.stringify({kind: 'Status', apiVersion: 'v1', status: 'Failure', message: refusal, code})];
			socket.end(`HTTP/1.1 ${code} Refused\r\ncontent-type: ${type}\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
		},
	});
	await server.cluster();
	return ['--kubeconfig', `${server.folder}/config-1`];
}

test('debug picks a pod of a workload or service and prints its name, as help says', async t => {
	const {env} = await openSandbox(t);
	t.regex(
		(await runSpoke(['debug', '--help'])).stdout,
		/Usage: spoke debug TARGET --image=IMAGE[\s\S]*TARGET is a pod, service, workload or node\.[\s\S]*spoke\s+picks\s+a\s+pod\s+as\s+exec\s+does/,
	);
	for (const target of ['deploy/web', 'svc/web']) {
		const {status, stderr} = await runSpoke(['debug', target, '--image=x', '-c', `late-${target.split('/')[0]}`], {env});
		t.is(status, 0, stderr);
		t.regex(stderr, /^added container late-\w+ \(x\) to pod web-[\w-]+; it remains until the pod is deleted\n$/);
	}

	t.regex((await runSpoke(['debug', '--image=x'], {env})).stderr, /^error: expected one target, got 0/);
});

test('a copy of a pod is created, attached to and labeled, and the original stays', async t => {
	const {env} = await openSandbox(t);
	const {status, stdout, stderr} = await runSpoke(
		[
			'debug',
			'db-0',
			'--copy-to=db-debug',
			'--image=busybox',
			'-c',
			'late',
			'-i',
			'--path=json',
			'--arguments-only',
			'--',
			'-c',
			'head -c 6',
		],
		{env, input: 'hello\n'},
	);
	t.deepEqual([status, stdout], [0, 'hello\n'], stderr);
	t.regex(stderr, /^created pod db-debug, a copy of pod db-0; it remains until you delete it\n/);
	const kept = await runSpoke(['path', 'db-0', '--feature', 'logs'], {env});
	t.is(kept.status, 0, kept.stderr);
});

test('a pod on a node is created in the namespace of the context, attached to and labeled', async t => {
	const {env} = await openSandbox(t);
	const {status, stdout, stderr} = await runSpoke(
		['debug', 'node/n1', '--image=busybox', '-i', '--path=json', '--arguments-only', '--', '-c', 'head -c 6'],
		{env, input: 'hello\n'},
	);
	t.deepEqual([status, stdout], [0, 'hello\n'], stderr);
	t.regex(stderr, /^created pod node-debugger-n1-\w{5} with container debugger on node n1; it remains until you delete it\n/);
	const path = JSON.parse(stderr.split('\n').findLast(line => line.startsWith('{')) ?? 'null') as {
		feature: string;
		target: {node: string};
	} | null;
	t.like(path, {feature: 'attach', target: {node: 'n1'}});
});

test('a copy with only changed images is not attached to, and its name is printed', async t => {
	const {env} = await openSandbox(t);
	const {status, stdout, stderr} = await runSpoke(['debug', 'db-0', '--copy-to=db-new', '--set-image=*=other:2', '-i'], {env});
	t.deepEqual({status, stdout}, {status: 0, stdout: 'db-new\n'}, stderr);
});

test('--replace deletes the named pod after creating its copy, and rejects workloads', async t => {
	const {env} = await openSandbox(t);
	const taken = await runSpoke(['debug', 'db-0', '--copy-to=db-0', '--replace', '--set-image=*=x'], {env});
	t.is(taken.status, 125);
	t.regex(taken.stderr, /already exists/);
	t.is(
		(await runSpoke(['path', 'db-0', '--feature', 'logs'], {env})).status,
		0,
		'the original is not deleted when its copy is not created',
	);
	const {status, stderr} = await runSpoke(['debug', 'db-0', '--copy-to=db-new', '--replace', '--set-image=*=x'], {env});
	t.is(status, 0, stderr);
	t.regex(stderr, /^created pod db-new, a copy of pod db-0; .*\ndeleted pod db-0\n$/);
	const workload = await runSpoke(['debug', 'deploy/web', '--copy-to=web-new', '--replace', '--set-image=*=x'], {env});
	t.is(workload.status, 125);
	t.regex(workload.stderr, /--replace deletes the named pod: deploy\/web is not a pod.*\[ERR_USAGE\]\n$/);
});

for (const argv of [
	['web', '--image=x'],
	['web', '--copy-to=y', '--image=x'],
	['node/n1', '--image=x'],
]) {
	test(`--read-only rejects debug ${argv.join(' ')}`, async t => {
		const {status, stderr} = await runSpoke(['debug', ...argv, '--read-only']);
		t.is(status, 125);
		t.regex(stderr, /\[ERR_READ_ONLY\]\n$/);
	});
}

test('a user who cannot create pods sees the permission for a copy and for a node', async t => {
	const {env} = await openSandbox(t, {user: 'bob'});
	for (const argv of [
		['db-0', '--copy-to=y', '--image=x'],
		['node/n1', '--image=x'],
	]) {
		const {status, stderr} = await runSpoke(['debug', ...argv], {env});
		t.is(status, 125);
		t.regex(stderr, /\[ERR_FORBIDDEN\]\n$/);
	}
});

test('debug warns about a capability that a non-root pod removes', async t => {
	const config = await given(t, {seenRunning: true, runAsUser: 1000});
	t.regex(
		(await runSpoke(['debug', ...config, 'web', '--image=x', '-c', 'late'])).stderr,
		/^Warning: Non-root user is configured for the entire target Pod/,
	);
	t.notRegex((await runSpoke(['debug', ...config, 'web', '--image=x', '-c', 'late', '--profile=baseline'])).stderr, /Warning/);
});

test('--attach without -i prints what the container prints, and --attach=false leaves -i alone', async t => {
	const {env} = await openSandbox(t);
	const attached = await runSpoke(
		['debug', 'db-0', '--image=busybox', '-c', 'one', '--attach', '-q', '--arguments-only', '--', '-c', 'echo hello'],
		{env},
	);
	t.deepEqual([attached.status, attached.stdout], [0, 'hello\n'], attached.stderr);
	const alone = await runSpoke(['debug', 'db-0', '--image=x', '-c', 'two', '-it', '--attach=false', '-q', '--', 'sh'], {env});
	t.deepEqual([alone.status, alone.stdout], [0, 'two\n'], alone.stderr);
});

for (const [argv, words] of [
	[['node/n1', '--image=x', '--copy-to=y'], /--copy-to does not apply to a node/],
	[['node/n1', '--image=x', '--target=y'], /--target does not apply to a node/],
	[['web', '--image=x', '--env=A'], /A must be formatted as key=value/],
] as const) {
	test(`debug ${argv.join(' ')} is a usage error`, async t => {
		const {status, stderr} = await runSpoke(['debug', ...argv]);
		t.is(status, 125);
		t.regex(stderr, words);
		t.regex(stderr, /\[ERR_USAGE\]\n$/);
	});
}
