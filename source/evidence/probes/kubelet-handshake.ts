/** The certificate that a kubelet presents. No credentials and no request are sent. */
import {X509Certificate} from 'node:crypto';
import {connect} from 'node:tls';
import {distinguishedName} from '../../cluster/tls/peer-facts.ts';
import {formatRfc3339Seconds} from '../../text/formats.ts';
import type {KubeletHandshakeFacts, ProbeResult} from '../evidence.ts';
import {makeObservation} from './probe-request.ts';

const handshakeTimeoutMs = 2000;

/** Reads the certificate at the node's address. In its own network, the apiserver may reach another server there. */
export async function readKubeletHandshake({
	address,
	port,
	node,
	nodeAddresses,
}: {
	address: string;
	port: number;
	node: string | null;
	nodeAddresses: readonly string[] | null;
}): Promise<ProbeResult<KubeletHandshakeFacts>> {
	const where = `TLS handshake with ${address}:${port}`;
	const der = await readPresented(address, port);
	if (!der) {
		return {unavailable: {source: 'handshake', where, reason: 'no-response', need: null}};
	}

	const certificate = new X509Certificate(der);
	const names = (certificate.subjectAltName ?? '').split(/,\s*/);
	const subject = distinguishedName(certificate.subject);
	return {
		observation: makeObservation(
			'handshake',
			where,
			{
				node,
				nodeAddresses,
				subject,
				dnsNames: names.filter(name => name.startsWith('DNS:')).map(name => name.slice(4)),
				addresses: names.filter(name => name.startsWith('IP Address:')).map(name => name.slice(11)),
				notBefore: formatRfc3339Seconds(new Date(certificate.validFrom)),
				notAfter: formatRfc3339Seconds(new Date(certificate.validTo)),
			},
			{active: true},
		),
	};
}

async function readPresented(host: string, port: number): Promise<Buffer | undefined> {
	return new Promise(resolve => {
		// Inspected, never trusted: nothing is sent on this socket. Without a CA Node does not examine the chain, which crashes for some keys.
		const socket = connect({host, port, ca: [], rejectUnauthorized: false, timeout: handshakeTimeoutMs});
		const finish = (der: Buffer | undefined) => {
			socket.destroy();
			resolve(der);
		};

		socket.once('secureConnect', () => {
			finish(socket.getPeerX509Certificate()?.raw);
		});
		socket.once('timeout', () => {
			finish(undefined);
		});
		socket.once('error', () => {
			finish(undefined);
		});
	});
}
