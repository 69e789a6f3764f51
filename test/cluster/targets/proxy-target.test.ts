/** Spellings of a proxy target. */
import test from 'ava';
import {parseProxyTarget} from '../../../source/cluster/targets/proxy-target.ts';

const rows: ReadonlyArray<[text: string, plural: string, scheme: string | null, name: string, port: string | null, path: string]> = [
	['svc/web', 'services', null, 'web', null, '/'],
	['svc/web/', 'services', null, 'web', null, '/'],
	['services/web:80/a/b?c=d/e', 'services', null, 'web', '80', '/a/b?c=d/e'],
	['svc/web:http/x', 'services', null, 'web', 'http', '/x'],
	['svc/http:web:80', 'services', 'http', 'web', '80', '/'],
	['svc/https:web:443/healthz', 'services', 'https', 'web', '443', '/healthz'],
	['svc/https:web:', 'services', 'https', 'web', null, '/'],
	['svc/https:web', 'services', 'https', 'web', null, '/'],
	['node/n1/metrics', 'nodes', null, 'n1', null, '/metrics'],
	['no/https:n1:10250/pods', 'nodes', 'https', 'n1', '10250', '/pods'],
	['pod/web-1:8080/', 'pods', null, 'web-1', '8080', '/'],
	['po/http:web-1:http/', 'pods', 'http', 'web-1', 'http', '/'],
	['web-1', 'pods', null, 'web-1', null, '/'],
	['web-1:8080/x', 'pods', null, 'web-1', '8080', '/x'],
	['svc/web/ü x', 'services', null, 'web', null, '/%C3%BC%20x'],
	['svc/web/a%2Fb', 'services', null, 'web', null, '/a%2Fb'],
	['svc/web/a#b', 'services', null, 'web', null, '/a%23b'],
	['svc/web//a', 'services', null, 'web', null, '//a'],
	['svc/web/../../../secrets', 'services', null, 'web', null, '/secrets'],
	['svc/web/a/%2e%2e/%2E%2E/b', 'services', null, 'web', null, '/b'],
	['svc/web?x=1', 'services', null, 'web', null, '/?x=1'],
	['svc/web/a?x=/1/2', 'services', null, 'web', null, '/a?x=/1/2'],
];

for (const [text, plural, scheme, name, port, path] of rows) {
	test(`${text} is ${plural} ${name}, port ${port}, path ${path}`, t => {
		const target = parseProxyTarget(text);
		t.deepEqual(
			{plural: target.resource.plural, scheme: target.scheme, name: target.name, port: target.port, path: target.path},
			{plural, scheme, name, port, path},
		);
	});
}

test('an invalid target names the allowed form', t => {
	for (const text of [
		'',
		'svc/',
		'deploy/web',
		'svc/a:b:c:d',
		'svc/ftp:web:80',
		'svc/web:0',
		'svc/web:65536',
		'svc/web:a b',
		'pod/../x',
		'pod/%2e%2e',
		'pod/a%2fb',
		'svc/..',
		'svc/web/a\nb',
		'svc/web/\u0000',
	]) {
		t.throws(() => parseProxyTarget(text), {code: 'ERR_USAGE'}, text);
	}
});

for (const path of ['%zz', '%', '%2', 'a%2gb', 'a%%20']) {
	test(`the path ${path}, which the apiserver could not parse, is refused`, t => {
		t.throws(() => parseProxyTarget(`pod/web/${path}`), {code: 'ERR_USAGE', message: /invalid percent-encoding/});
	});
}

test('a blank in a path is encoded, and an incomplete escape of a query is kept', t => {
	t.is(parseProxyTarget('pod/web/a b%20c').path, '/a%20b%20c');
	t.is(parseProxyTarget('pod/web/?q=%zz').path, '/?q=%zz');
});
