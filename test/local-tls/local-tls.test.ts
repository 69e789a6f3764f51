/** The local CA, and the certificates that it issues. */
import {once} from 'node:events';
import {X509Certificate} from 'node:crypto';
import {chmod, readdir, readFile, rename, rm, stat, symlink, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {connect, createServer, type SecureContext} from 'node:tls';
import test, {type ExecutionContext} from 'ava';
import {createAuthority, openIssuer} from '../../source/certificates/issuer.ts';
import {createLocalTls} from '../../source/local-tls/create-local-tls.ts';
import {authorityNameFor, ensureLocalAuthority, listLocalAuthorities} from '../../source/local-tls/local-authority.ts';
import {listenOnLoopback} from '../support/listen-on-loopback.ts';
import {temporaryDirectory} from '../support/temporary-directory.ts';

const day = 86_400_000;

async function home(t: ExecutionContext) {
	const folder = await temporaryDirectory(t);
	const directory = join(folder, '.local/state/spoke/ca');
	return {env: {HOME: folder}, directory, key: join(directory, 'localhost/ca-key.pem')};
}

/** The certificate that a client gets, or why it rejects it. */
async function handshake(
	context: SecureContext | {key: string; cert: string},
	ca: string,
	name: string,
): Promise<X509Certificate | string> {
	const server = createServer('key' in context ? context : {SNICallback: (_, done) => done(null, context)});
	server.on('tlsClientError', () => {});
	const port = await listenOnLoopback(server);
	const socket = connect({
		port,
		host: '127.0.0.1',
		servername: 'localhost',
		ca,
		checkServerIdentity: () => undefined,
	});
	try {
		await once(socket, 'secureConnect');
		const certificate = socket.getPeerX509Certificate()!;
		return (certificate.checkHost(name) ?? certificate.checkIP(name)) ? certificate : 'another name';
	} catch (error) {
		return (error as Error).message;
	} finally {
		socket.destroy();
		server.close();
	}
}

test('the CA is created once, and only this user can read its key', async t => {
	const {env, directory, key} = await home(t);
	const first = await ensureLocalAuthority(env, 'localhost');
	t.deepEqual(await ensureLocalAuthority(env, 'localhost'), first);
	t.is((await stat(key)).mode & 0o777, 0o600);
	t.is((await stat(directory)).mode & 0o777, 0o700);
	t.is((await stat(join(directory, 'localhost'))).mode & 0o777, 0o700);
});

test('two processes that create the CA at the same time get the same one, and leave no draft', async t => {
	const {env, directory} = await home(t);
	const [one, other] = await Promise.all([ensureLocalAuthority(env, 'localhost'), ensureLocalAuthority(env, 'localhost')]);
	t.deepEqual(one, other);
	t.deepEqual(await readdir(directory), ['localhost']);
});

for (const name of ['localhost', 'web.localhost', '127.0.0.1', '127.200.3.4', '::1']) {
	test(`a program that trusts the CA accepts its certificate for ${name}`, async t => {
		const {env} = await home(t);
		const authority = await ensureLocalAuthority(env, 'localhost');
		const {certificate: cert, key} = await (await openIssuer(authority)).issue({subject: 'CN=x', use: 'server', names: [name]});
		t.true((await handshake({cert, key}, authority.certificate, name)) instanceof X509Certificate);
	});
}

for (const name of ['example.com', 'not-localhost', '10.0.0.1', '::2']) {
	test(`a program that trusts the CA rejects its certificate for ${name}`, async t => {
		const {env} = await home(t);
		const authority = await ensureLocalAuthority(env, 'localhost');
		const {certificate: cert, key} = await (await openIssuer(authority)).issue({subject: 'CN=x', use: 'server', names: [name]});
		t.is(await handshake({cert, key}, authority.certificate, name), 'permitted subtree violation');
	});
}

test('the CA of a name is its own, valid for the name but not for its parent domain', async t => {
	const {env} = await home(t);
	const authority = await ensureLocalAuthority(env, authorityNameFor('db.example.com'));
	t.not(authority.certificate, (await ensureLocalAuthority(env, authorityNameFor(null))).certificate);
	const issuer = await openIssuer(authority);
	const shown = async (name: string) => {
		const {certificate: cert, key} = await issuer.issue({subject: 'CN=x', use: 'server', names: [name]});
		return handshake({cert, key}, authority.certificate, name);
	};
	t.true((await shown('db.example.com')) instanceof X509Certificate);
	t.is(await shown('example.com'), 'permitted subtree violation');
	t.deepEqual(
		listLocalAuthorities(env).map(({name}) => name),
		['db.example.com', 'localhost'],
	);
});

test('a listener has a certificate for its loopback addresses, valid for at most 30 days', async t => {
	const {env} = await home(t);
	const tls = await createLocalTls(env, {host: null, addresses: ['127.0.0.2', '10.0.0.5']});
	t.deepEqual(tls.names, ['localhost', '127.0.0.1', '::1', '127.0.0.2']);
	const certificate = await handshake(await tls.context(), await readFile(tls.caFile, 'utf8'), '127.0.0.2');
	t.true(certificate instanceof X509Certificate);
	const {validFromDate, validToDate} = certificate as X509Certificate;
	t.true(validToDate.getTime() - validFromDate.getTime() <= 30 * day);
});

test('the certificate is renewed before it expires, also by another CA', async t => {
	const {env, directory} = await home(t);
	let later = 0;
	const tls = await createLocalTls(env, {host: null, addresses: [], now: () => Date.now() + later});
	const first = await tls.context();
	later = 27 * day;
	t.is(await tls.context(), first);
	await rm(join(directory, 'localhost'), {recursive: true});
	later = 28.5 * day;
	const second = await tls.context();
	t.not(second, first);
	t.true((await handshake(second, await readFile(tls.caFile, 'utf8'), 'localhost')) instanceof X509Certificate);
});

test('a certificate stays in use until it expires if the CA cannot be used any more', async t => {
	const {env, key} = await home(t);
	let later = 0;
	const tls = await createLocalTls(env, {host: null, addresses: [], now: () => Date.now() + later});
	const first = await tls.context();
	await chmod(key, 0o644);
	later = 28.5 * day;
	t.is(await tls.context(), first);
	later = 29.5 * day;
	await t.throwsAsync(tls.context(), {code: 'ERR_LOCAL_FILE'});
});

test('a CA that expires before a new certificate is replaced', async t => {
	const {env, directory} = await home(t);
	const {file} = await ensureLocalAuthority(env, 'localhost');
	const old = await createAuthority({subject: 'CN=old', notAfter: new Date(Date.now() + 20 * day), permits: ['localhost']});
	await writeFile(file, old.certificate);
	await writeFile(join(directory, 'localhost/ca-key.pem'), old.key);
	const authority = await ensureLocalAuthority(env, 'localhost');
	t.not(authority.certificate, old.certificate);
	t.deepEqual(await ensureLocalAuthority(env, 'localhost'), authority);
	t.deepEqual(await readdir(directory), ['localhost']);
});

const unusable: ReadonlyArray<readonly [title: string, spoil: (key: string, directory: string) => Promise<unknown>, message: RegExp]> = [
	['that others can read', async key => chmod(key, 0o640), /^others can access the key of the local CA \S+ca-key\.pem$/],
	[
		'that is a symbolic link',
		async key => rename(key, `${key}.1`).then(async () => symlink(`${key}.1`, key)),
		/^cannot open the key of the local CA/,
	],
	['that is not a key', async key => writeFile(key, 'x'), /has no valid key$/],
	['that is missing', async key => rm(key), /has no key$/],
	[
		'of another CA',
		async key => writeFile(key, (await createAuthority({subject: 'CN=x', notAfter: new Date()})).key),
		/is not that of its certificate$/,
	],
	['without a certificate', async (_, directory) => rm(join(directory, 'localhost/ca.pem')), /^cannot read the local CA/],
	[
		'in a directory that others can write',
		async (_, directory) => chmod(directory, 0o777),
		/^others can write \S+, and so change the local CAs$/,
	],
];

for (const [title, spoil, message] of unusable) {
	test(`a CA with a key ${title} is refused`, async t => {
		const {env, directory, key} = await home(t);
		await ensureLocalAuthority(env, 'localhost');
		await spoil(key, directory);
		await t.throwsAsync(ensureLocalAuthority(env, 'localhost'), {code: 'ERR_LOCAL_FILE', message});
	});
}
