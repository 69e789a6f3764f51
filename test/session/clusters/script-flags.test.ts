/** Copied shell commands. */
import test from 'ava';
import {promptDebugContainer} from '../../../source/session/shell/debug-container-form.ts';
import {editForward} from '../../../source/session/forwards/forward-dialog.ts';
import {proxyHandlers} from '../../../source/session/proxy/proxy-handlers.ts';
import {scriptFlags} from '../../../source/session/clusters/script-flags.ts';
import type {OpenCluster, Session} from '../../../source/session/frame/session.ts';
import {connectionFlags} from '../../../source/command-line/connection-flags.ts';
import {parseCommandLine} from '../../../source/command-line/parse-command-line.ts';
import {fakeSession} from '../../support/fake-session.ts';
import {toWeb} from '../../support/forward-config.ts';

const cluster = (context: string | null) => ({access: {facts: {context}}, context: context ?? 'https://host'}) as unknown as OpenCluster;

function sessionWith(argv: readonly string[]) {
	const first = cluster('prod-eu');
	const other = cluster("it's prod us");
	return {
		first,
		other,
		flags: parseCommandLine(connectionFlags, argv).flags,
		clusters: new Map([
			['prod-eu', first],
			['other', other],
		]),
	};
}

test('the first cluster gets the flags of the session', t => {
	const bare = sessionWith([]);
	t.is(scriptFlags(bare, bare.first), '');
	const given = sessionWith([
		'--context',
		'prod-eu',
		'--as',
		'ada',
		'--as-group=a b',
		'-n',
		'shop',
		'--insecure-skip-tls-verify',
		'--token',
		'secret',
	]);
	t.is(scriptFlags(given, given.first), " --context prod-eu --as ada --as-group 'a b' --insecure-skip-tls-verify");
});

test('a login in a URL is left out like a token', t => {
	const given = sessionWith(['--server', 'https://me:secret@host:6443/k8s', '--proxy-url', 'http://me:p@ss/secret@proxy:3128']);
	t.is(scriptFlags(given, given.first), ' --server https://host:6443/k8s --proxy-url http://proxy:3128');
});

test('another cluster gets its context, and neither the cluster nor the user flag', t => {
	const session = sessionWith(['--kubeconfig', 'my config', '--cluster', 'eu', '--user', 'ada']);
	t.is(scriptFlags(session, session.other), String.raw` --kubeconfig 'my config' --context 'it'\''s prod us'`);
});

test('a copied request names its cluster after a switch, also for a writing method', t => {
	const {first, ...session} = sessionWith([]);
	const copied: string[] = [];
	const proxy = {
		listeners: [],
		exchanges: [{method: 'DELETE', asked: 'svc/web:80/items/*', context: 'other', namespace: 'shop'}],
		cursor: 0,
	};
	proxyHandlers['proxy/copy'](
		fakeSession({
			...session,
			cluster: first,
			store: {state: {proxy}},
			copy(text: string) {
				copied.push(text);
			},
		}),
	);
	t.deepEqual(copied, [String.raw`spoke proxy -n shop delete 'svc/web:80/items/*' --context 'it'\''s prod us'`]);
});

type Form = Parameters<Session['fill']>[0];

/** Returns the notes of a form that is filled with `values`. */
function withForm(values: Readonly<Record<string, string>>) {
	const {other, ...session} = sessionWith([]);
	const told: string[] = [];
	const filling = fakeSession({
		...session,
		cluster: other,
		store: {state: {forwards: [], recording: null}},
		typeAhead: {during: async (_: unknown, work: () => Promise<unknown>) => work()},
		async fill({fields, notes}: Form) {
			told.push(...notes!({...Object.fromEntries(fields.map(({name, value}) => [name, value])), ...values}));
			return null;
		},
	});
	return {session: filling, other, told};
}

const toShop = {...toWeb, namespace: 'shop', port: '8080:http', address: 'localhost'};

test('a shell parses the equivalent command of a forward as typed', async t => {
	const {session, other, told} = withForm({target: 'svc/$(id)', port: 'http', local: '8080', address: '127.0.0.1;id'});
	await editForward(session, 'f1', {...toShop, namespace: 'shop*', cluster: other});
	t.true(
		told.includes(String.raw`  spoke port-forward -n 'shop*' 'svc/$(id)' 8080:http --address '127.0.0.1;id' --context 'it'\''s prod us'`),
		told.join('\n'),
	);
});

test('the equivalent command of a forward without a port has a placeholder', async t => {
	const {session, other, told} = withForm({target: 'pod/x', port: '', local: '8080', address: 'localhost'});
	await editForward(session, 'f1', {...toShop, cluster: other});
	t.true(
		told.some(line => line.startsWith('  spoke port-forward -n shop pod/x 8080:PORT --context ')),
		told.join('\n'),
	);
});

test('a shell parses the equivalent command of a debug container as typed', async t => {
	const {session, other, told} = withForm({image: 'a b', command: 'sh -c $HOME'});
	const pod = {metadata: {name: 'web', namespace: 'shop'}, spec: {containers: [{name: 'app'}]}};
	t.is(await promptDebugContainer(session, {cluster: other, pod, container: 'app', asked: 'pod/web', chosenFrom: 1}), null);
	t.true(
		told.includes(String.raw`  spoke debug -n shop web -it --image='a b' --target=app --context 'it'\''s prod us' -- sh -c '$HOME'`),
		told.join('\n'),
	);
});
