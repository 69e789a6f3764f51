/** What spoke uses of Node beyond its documentation, on this Node and on those of SPOKE_TEST_NODES (`npm run test:node-versions`). */
import {execFile} from 'node:child_process';
import {createServer, type Server} from 'node:net';
import process from 'node:process';
import {PassThrough} from 'node:stream';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import test from 'ava';
import {capacityFlag, keepReadingAfterWriteError, listenOn, standardCapacities, unsentBytes} from '../../source/wire/node-internals.ts';
import {heapOptions} from '../../scripts/node-options.ts';
import {readSource} from '../architecture/imports.ts';
import {issue} from '../support/certificates.ts';

const run = promisify(execFile);
const cases = fileURLToPath(new URL('../support/node-internals-cases.ts', import.meta.url));
const {certificate, key} = await issue({ip: ['127.0.0.1']});
const versions = [process.versions.node, ...(process.env['SPOKE_TEST_NODES']?.split(' ') ?? [])];
const binaries = await Promise.all(versions.map(async version => [version, await nodeOf(version)] as const));
const flags = (await readSource()).flatMap(({text}) =>
	[...text.matchAll(/setV8Flag\('([^']+)', '([^']+)'\)/g)].map(([, set, restored]) => [set!, restored!] as const),
);

/** With the default 0, V8 chooses the size. */
const heapFlags = heapOptions.map(option => [option, option.replace(/\d+$/, '0')] as const);

for (const [version, binary] of binaries) {
	for (const protocol of ['TCP', 'TLS']) {
		test.serial(`over ${protocol} on Node ${version}, internals listen on IPv6 only, show progress, save input, pause reads`, async t => {
			const {stdout} = await run(binary, [cases, protocol, certificate, key], {timeout: 60_000});
			t.deepEqual(JSON.parse(stdout), {
				seesProgress: false,
				seesProgressByInternals: true,
				descriptors: {isSocket: true, closed: 'none'},
				listening: {address: '::', code: 'EADDRINUSE', text: 'listen EADDRINUSE: address already in use 127.0.0.1:PORT'},
				readsAnswer: false,
				readsAnswerByInternals: true,
				pausedReads: {duringPause: 'before ', pingErrors: [null, null], read: 'before during after ', isDestroyed: false},
			});
		});
	}

	test.serial(`V8 knows the flags that are set, and has the settings that are restored, on Node ${version}`, async t => {
		const {stdout: v8} = await run(binary, ['-p', 'process.versions.v8']);
		const {stdout: options} = await run(binary, ['--v8-options']);
		const capacity = standardCapacities[Number.parseInt(v8, 10)];
		t.is(options.includes(`--${capacityFlag} `), capacity !== undefined);
		t.is(flags.length, 3);
		const all = [
			...flags,
			...heapFlags,
			...(capacity === undefined ? [] : [[`--${capacityFlag}=1`, `--${capacityFlag}=${capacity}`] as const]),
		];
		for (const [, restored] of all) {
			t.true(options.includes(`default: ${restored}\n`), restored);
		}

		const script = `for (const flag of ${JSON.stringify(all.flat())}) require('node:v8').setFlagsFromString(flag)`;
		t.deepEqual(await run(binary, ['-e', script]), {stdout: '', stderr: ''});
	});
}

test('without the internals, unsent bytes are those that Node documents', t => {
	const stream = new PassThrough();
	stream.write('four');
	t.is(unsentBytes(stream), stream.writableLength);
	t.is(unsentBytes(Object.assign(stream, {_handle: {_parent: {}}})), stream.writableLength);
});

test('without the internals, a server listens as Node documents', t => {
	const options: object[] = [];
	const server = {listen: (given: object) => options.push(given)} as unknown as Server;
	listenOn(server, {address: '::1', family: 'IPv6', port: 1, backlog: 2});
	t.deepEqual(options, [{host: '::1', port: 1, ipv6Only: true, backlog: 2}]);
});

test('a port that is too large is refused, as Node does', t => {
	const listen = () => {
		listenOn(createServer(), {address: '127.0.0.1', family: 'IPv4', port: 65_536, backlog: 2});
	};

	t.throws(listen, {code: 'ERR_SOCKET_BAD_PORT'});
});

test('without the internals, a socket is left as it is', t => {
	const stream = new PassThrough();
	const methods = {_write: undefined, _writev: undefined};
	Object.assign(stream, methods);
	t.notThrows(() => {
		keepReadingAfterWriteError(stream, () => undefined);
	});
	t.like(stream, methods);
});

/** From npm's cache after the first use. As dependencies, the packages would compete for `node_modules/.bin/node`. */
async function nodeOf(version: string): Promise<string> {
	if (version === process.versions.node) {
		return process.execPath;
	}

	const {platform, arch} = process;
	const name = `${platform === 'darwin' && arch === 'arm64' ? 'node-bin' : 'node'}-${platform}-${arch}@${version}`;
	const {stdout} = await run('npm', ['exec', '--yes', `--package=${name}`, '--', 'node', '-p', 'process.execPath']);
	return stdout.trim();
}
