/** The listener's filter, compared with kubectl's test cases. */
import test from 'ava';
import {runsCommands, runsKubeletCommands} from '../../../source/streams/proxy/request-path.ts';
import {createRequestFilter, type FilterOptions} from '../../../source/streams/proxy-listener/request-filter.ts';

const standard: FilterOptions = {
	acceptPaths: '^.*',
	rejectPaths: '^/api/.*/pods/.*/exec,^/api/.*/pods/.*/attach',
	acceptHosts: String.raw`^localhost$,^127\.0\.0\.1$,^\[::1\]$`,
	rejectMethods: '^$',
};

const terms = {allowsCommands: false, serverPath: ''};

/** From TestAccept in k8s.io/kubectl v0.36.3 pkg/proxy/proxy_server_test.go. */
const kubectlCases: ReadonlyArray<
	[name: string, method: string, path: string, host: string, accepts: boolean, options?: Partial<FilterOptions>]
> = [
	['test1', 'GET', '', '127.0.0.1', true],
	['test2', 'GET', '/api/v1/pods', '127.0.0.1', true],
	['test3', 'GET', '/api/v1/pods', 'localhost', true],
	['test4', 'GET', '/api/v1/namespaces/default/pods/foo', 'localhost', true],
	['test5', 'GET', '/api/v1/namespaces/default/pods/attachfoo', 'localhost', true],
	['test7', 'GET', '/api/v1/namespaces/default/pods/execfoo', 'localhost', true],
	['test8', 'GET', '/api/v1/namespaces/default/pods/foo/exec', '127.0.0.1', false],
	['test9', 'GET', '/api/v1/namespaces/default/pods/foo/attach', '127.0.0.1', false],
	['test10', 'GET', '/api/v1/pods', 'evil.com', false],
	['test11', 'GET', '/api/v1/pods', 'localhost.evil.com', false],
	['test12', 'GET', '/api/v1/pods', '127a0b0c1', false],
	['test13', 'GET', '/ui', 'localhost', true],
	['test14', 'POST', '/api/v1/pods', 'localhost', true],
	['test15', 'PUT', '/api/v1/namespaces/default/pods/somepod', 'localhost', true],
	['test16', 'PATCH', '/api/v1/namespaces/default/pods/somepod', 'localhost', true],
	['test17', 'GET', '/api/v1/pods', '127.0.0.1', false, {rejectMethods: 'GET'}],
	['test18', 'POST', '/api/v1/pods', 'localhost', false, {rejectMethods: 'POST'}],
	['test19', 'PUT', '/api/v1/namespaces/default/pods/somepod', 'localhost', false, {rejectMethods: 'PUT'}],
	['test20', 'PATCH', '/api/v1/namespaces/default/pods/somepod', 'localhost', false, {rejectMethods: 'PATCH'}],
	['test21', 'PATCH', '/api/v1/namespaces/default/pods/somepod', 'localhost', false, {rejectMethods: 'POST,PUT,PATCH'}],
	['test22', 'PUT', '/api/v1/namespaces/default/pods/somepod', 'localhost', false, {rejectMethods: 'POST,PUT,PATCH'}],
	['test23', 'POST', '/api/v1/namespaces/default/pods/somepod/exec', 'localhost', false],
	['test24', 'POST', '/api/v1/namespaces/default/pods/somepod/exec', 'localhost', true, {rejectPaths: ''}],
];

/** kubectl accepts these; spoke refuses them. */
const stricter = new Set(['test24']);

test('the table has kubectl’s 23 cases', t => {
	t.is(kubectlCases.length, 23);
});

for (const [name, method, path, host, accepts, options = {}] of kubectlCases) {
	test(`kubectl’s ${name}: ${method} ${path} on ${host} is ${accepts && !stricter.has(name) ? 'accepted' : 'refused'}`, t => {
		const verdict = createRequestFilter({...standard, ...options}, terms)({method, path, hosts: [host], origins: [], fetchSites: []});
		t.is(verdict === null, accepts && !stricter.has(name));
	});
}

const filter = createRequestFilter(standard, terms);
const ask = (request: Partial<Parameters<typeof filter>[0]>) =>
	filter({method: 'GET', path: '/version', hosts: ['127.0.0.1:8001'], origins: [], fetchSites: [], ...request});

test('only pages of the listener’s own origin are accepted', t => {
	t.is(ask({origins: ['http://127.0.0.1:8001']}), null);
	t.is(ask({hosts: ['[::1]:8001'], origins: ['http://[::1]:8001']}), null);
	t.is(ask({hosts: ['LocalHost:8001'], origins: ['http://LOCALHOST:8001']}), null);
	t.is(ask({fetchSites: ['same-origin']}), null);
	t.is(ask({fetchSites: ['none']}), null);
	for (const origins of [
		['http://evil.test'],
		['null'],
		['https://127.0.0.1:8001'],
		['http://127.0.0.1:3000'],
		['http://localhost:8001'],
		['http://127.0.0.1:8001.evil.test'],
		[''],
	]) {
		t.is(ask({origins})?.status, 403, origins[0]);
	}

	t.is(ask({method: 'POST', origins: ['http://evil.test']})?.status, 403);
	t.is(ask({fetchSites: ['cross-site']})?.status, 403);
	t.is(ask({fetchSites: ['same-site']})?.status, 403);
});

test('a request needs one accepted Host', t => {
	t.is(ask({hosts: []})?.status, 400);
	t.is(ask({hosts: ['localhost', 'evil.test']})?.status, 400);
	t.is(ask({origins: ['http://127.0.0.1:8001', 'http://127.0.0.1:8001']})?.status, 400);
	for (const host of [
		'evil.test',
		'localhost.evil.test',
		'127.0.0.1.evil.test:8001',
		'127a0b0c1',
		'0.0.0.0:8001',
		'127.0.0.1@evil.test',
		'',
	]) {
		t.is(ask({hosts: [host]})?.status, 403, host);
	}
});

const commands = [
	'/api/v1/namespaces/d/pods/p/exec',
	'/api/v1/namespaces/d/pods/p/attach',
	'/api/v1/namespaces/d/pods/p/portforward',
	'/api/v1/nodes/n/proxy/exec/d/p/c',
	'/api/v1/nodes/n/proxy/run/nodes/p/proxy/c',
	'/api/v1/nodes/n/proxy/run/d/p/c',
	'/api/v1/nodes/n/proxy/attach/d/p/c',
	'/api/v1/nodes/n/proxy/portForward/d/p',
	'/api/v1/nodes/https:n:10250/proxy/cri/exec/x',
];

const commandWord = /(exec|attach|portforward|portForward|run|cri)(?=\/|$)/;

const spellings: ReadonlyArray<[title: string, spell: (path: string) => string]> = [
	['as it is', path => path],
	['with a query', path => `${path}?command=ls`],
	['with a slash behind', path => `${path}/`],
	['with a fragment, which a gateway may take off', path => path.replace(commandWord, found => `${found}#`)],
	['with a parameter, the same', path => path.replace(commandWord, found => `${found};x=y`)],
	['with doubled slashes', path => path.replaceAll('/', '//')],
	['with %2f', path => path.replaceAll(/\/(?!api)/g, '%2f')],
	['with %252F', path => path.replaceAll(/\/(?!api)/g, '%252F')],
	['with a letter coded', path => path.replace(commandWord, found => `%${found.codePointAt(0)!.toString(16)}${found.slice(1)}`)],
	[
		'with a letter coded three times',
		path => path.replace(commandWord, found => `%2525${found.codePointAt(0)!.toString(16)}${found.slice(1)}`),
	],
	['with capitals', path => path.replace(commandWord, found => found.toUpperCase())],
	['with dot segments', path => path.replace('/pods/', '/pods/./x/../').replace('/nodes/', '/x/../nodes/./')],
	['with coded dot segments', path => path.replace('/v1/', '/v1/x/%2e%2E/')],
	['with twice coded dot segments', path => path.replace('/v1/', '/v1/x/%252e%252e/')],
	['with backslashes', path => path.replaceAll(/\/(?!api)/g, '\\')],
	['behind a slash of its own', path => `/${path}`],
];

const open = createRequestFilter({...standard, rejectPaths: ''}, terms);

for (const [title, spell] of spellings) {
	test(`a command path spelled ${title} is rejected`, t => {
		for (const command of commands) {
			const path = spell(command);
			t.true(runsCommands(path), path);
			for (const method of ['GET', 'POST']) {
				t.is(open({method, path, hosts: ['127.0.0.1:8001'], origins: [], fetchSites: []})?.status, 403, path);
			}
		}
	});
}

test('runsKubeletCommands recognizes paths of the kubelet', t => {
	for (const path of ['/exec/d/p/c', '/run/d/p/c', '//RUN/d/p/c', '/x/../cri/exec/x', '/%65xec/d/p/c', '/run']) {
		t.true(runsKubeletCommands(path), path);
	}

	for (const path of ['/pods', '/runningpods/', '/containerLogs/exec/p/c', '/']) {
		t.false(runsKubeletCommands(path), path);
	}
});

for (const behind of ['', '%ff', '%zz']) {
	test(`a path is checked as the apiserver parses it: ${behind}`, t => {
		const only = createRequestFilter({...standard, acceptPaths: '^/api/v1/namespaces/demo/[^/]+$'}, terms);
		const of = (path: string) => only({method: 'GET', path, hosts: ['localhost'], origins: [], fetchSites: []});
		t.is(of('/api/v1/namespaces/demo/pods'), null);
		t.is(of(`/api/v1/namespaces/demo/services%2Fweb%2Fproxy${behind}`)?.status, 403);
	});
}

test('a path that takes long to check is rejected', t => {
	for (const path of [`/api${'/pods/a'.repeat(1500)}`, `/api/pods/%${'25'.repeat(9)}41`]) {
		t.like(ask({path}), {status: 403, reason: 'the path is too long, or percent-encoded too many times'});
	}

	t.is(ask({path: `/api/v1/namespaces/d/services/web/proxy/a%25252fb${'/long'.repeat(1500)}?${'q'.repeat(9000)}`}), null);
});

test('a path that only resembles a command is accepted', t => {
	for (const path of [
		'/api/v1/namespaces/exec/pods/attach',
		'/api/v1/namespaces/d/pods/p/log',
		'/api/v1/nodes/exec/proxy/metrics',
		'/api/v1/nodes/n/proxy/pods',
		'/api/v1/nodes/n/proxy/runningpods/',
		'/api/v1/nodes/n/proxy/logs/run/x',
		'/api/v1/namespaces/d/pods/p/execs',
		'/api/v1/namespaces/d/services/s/proxy/run',
		'/apis/apps/v1/namespaces/d/deployments/exec',
	]) {
		t.false(runsCommands(path), path);
		t.is(open({method: 'GET', path, hosts: ['127.0.0.1:8001'], origins: [], fetchSites: []}), null, path);
	}
});

const narrow = createRequestFilter({...standard, acceptPaths: '^/api/', rejectPaths: '^/api/v1/.*secrets'}, terms);
const paths: ReadonlyArray<[path: string, accepts: boolean]> = [
	['/api/v1/pods', true],
	['/version', false],
	['/api/v1/pods?x=/api/v1/secrets', true],
	['/api/v1/se%63rets', false],
	['/api/v1/se%2563rets', false],
	['//api/v1/secrets', false],
	['/api/v1/Secrets', false],
	['/%61pi/v1/pods', true],
	['/%2561pi/v1/pods', false],
	['/version?x=/api/', false],
	...[
		'../version',
		'.',
		'%2e%2E/version',
		'%252e%252e/version',
		'..%2fversion',
		'x%2F..',
		'x%252f..',
		'..%5cversion',
		'x%5C..',
		String.raw`..\version`,
	].map((more): [string, boolean] => [`/api/v1/${more}`, false]),
	['/api/v1/pods/a..b', true],
	['/api/v1/pods?x=/../', true],
	['/api/v1/%zz', true],
];

for (const [path, accepts] of paths) {
	test(`with patterns that exclude secrets, ${path} is ${accepts ? 'accepted' : 'refused'}`, t => {
		t.is(narrow({method: 'GET', path, hosts: ['localhost'], origins: [], fetchSites: []})?.status, accepts ? undefined : 403);
	});
}

test('an invalid regular expression is a usage error', t => {
	t.throws(() => createRequestFilter({...standard, acceptPaths: '('}, terms), {code: 'ERR_USAGE', message: /--accept-paths/});
});
