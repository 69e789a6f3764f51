/** Certificates whose keys kubectl does not accept. */
import {createServer} from 'node:tls';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'ava';
import {here, type KeyKind, makeCertificate, type MadeCertificate, mayIssue} from '../support/der-certificate.ts';
import {kubeconfigText} from '../support/kubeconfig-text.ts';
import {listenOnLoopback} from '../support/listen-on-loopback.ts';
import {runSpoke} from '../support/run-spoke.ts';
import {temporaryDirectory} from '../support/temporary-directory.ts';

type Position = {
	leaf: MadeCertificate;
	above: readonly MadeCertificate[];
	trusted: readonly MadeCertificate[];
	says: RegExp;
	insecureSays: RegExp;
};

const unusable = /ERR_CERTIFICATE_UNUSABLE/;
/** The server is no apiserver: reaching it shows that its certificate was accepted. */
const accepted = /ERR_PROTOCOL/;
const root = makeCertificate({name: 'root', extensions: mayIssue});

function positions(key: KeyKind): Readonly<Record<string, Position>> {
	const plain = makeCertificate({name: 'plain', issuer: root, extensions: here});
	const foreignRoot = makeCertificate({name: 'foreign-root', key, extensions: mayIssue});
	const foreignMiddle = makeCertificate({name: 'foreign-middle', key, issuer: root, extensions: mayIssue});
	const byMiddle = makeCertificate({name: 'by-middle', issuer: foreignMiddle, extensions: here});
	const byRoot = makeCertificate({name: 'by-root', issuer: foreignRoot, extensions: here});
	return {
		'the server’s own certificate': {
			leaf: makeCertificate({name: 'leaf', key, issuer: root, extensions: here}),
			above: [],
			trusted: [root],
			says: /handshake failure|ERR_CERTIFICATE_UNUSABLE/,
			insecureSays: /handshake failure|ERR_CERTIFICATE_UNUSABLE/,
		},
		'an intermediate': {leaf: byMiddle, above: [foreignMiddle], trusted: [root], says: unusable, insecureSays: unusable},
		'a root that is sent': {leaf: byRoot, above: [foreignRoot], trusted: [root], says: unusable, insecureSays: unusable},
		'a certificate that is only sent along': {leaf: plain, above: [foreignRoot], trusted: [root], says: unusable, insecureSays: unusable},
		'the kubeconfig’s CA': {
			leaf: byRoot,
			above: [],
			trusted: [foreignRoot],
			says: /unable to load root certificates: failed to parse certificate: x509: unsupported elliptic curve/,
			insecureSays: accepted,
		},
		'one CA of two in the kubeconfig': {leaf: plain, above: [], trusted: [foreignRoot, root], says: accepted, insecureSays: accepted},
	};
}

for (const key of ['secp256k1', 'brainpoolP256r1', 'brainpoolP384r1'] as const) {
	for (const [position, {leaf, above, trusted, says, insecureSays}] of Object.entries(positions(key))) {
		for (const isInsecure of [false, true]) {
			test(`a ${key} key in ${position} is an error${isInsecure ? ' with insecure-skip-tls-verify' : ''}`, async t => {
				const server = createServer({key: leaf.key, cert: [leaf, ...above].map(({certificate}) => certificate).join('')}, socket => {
					socket
						.on('error', () => {})
						.on('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}'));
				});
				server.on('tlsClientError', () => {});
				const port = await listenOnLoopback(server);
				const folder = await temporaryDirectory(t);
				t.teardown(() => server.close());
				await writeFile(
					join(folder, 'config'),
					kubeconfigText({
						server: `https://127.0.0.1:${port}`,
						user: {token: 'secret-token'},
						...(isInsecure ? {cluster: {'insecure-skip-tls-verify': true}} : {ca: trusted.map(({certificate}) => certificate).join('')}),
					}),
				);
				const {status, stderr} = await runSpoke(['logs', 'x', '--kubeconfig', join(folder, 'config')]);
				t.not(status, 128, 'it was killed by a signal');
				t.regex(stderr, isInsecure ? insecureSays : says);
			});
		}
	}
}
