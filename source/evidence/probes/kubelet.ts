/** What a kubelet shows: its merged configuration (`/configz`), and its certificate. */
import {certificateTime, distinguishedName, namesOf} from '../../cluster/tls/trust.ts';
import {X509Certificate} from 'node:crypto';
import {once} from 'node:events';
import {connect} from 'node:tls';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import type {ConnectionPurpose, ProbeResult, KubeletHandshakeFacts} from '../evidence.ts';
import {nodeTarget} from '../../cluster/targets/parse-target.ts';
import {recordAnswer, recordFailureText} from '../second-leg-record.ts';
import {needConfigz} from '../rules/needs.ts';
import {canI} from './access.ts';
import {sendProbe, tryParseJson, makeObservation} from './probe-request.ts';

export type KubeletConfigurationFacts = {
	node: string;
	anonymous: boolean;
	webhook: boolean;
	clientCa: boolean;
	authorizationMode: string;
	/** 0 is off; the response omits zero values. */
	readOnlyPort: number;
};

type Configz = {
	kubeletconfig?: {
		authentication?: {anonymous?: {enabled?: boolean}; webhook?: {enabled?: boolean}; x509?: {clientCAFile?: string}};
		authorization?: {mode?: string};
		readOnlyPort?: number;
	};
};

const handshakeTimeoutMs = 2000;

/** Only for users with `get nodes/proxy`. That permission also allows running commands, so spoke never requests it. */
export async function readKubeletConfiguration(cluster: ClusterClient, node: string): Promise<ProbeResult<KubeletConfigurationFacts>> {
	const path = `/api/v1/nodes/${encodeURIComponent(node)}/proxy/configz`;
	if ((await canI(cluster, {verb: 'get', resource: 'nodes', subresource: 'proxy', name: node})) !== true) {
		return {unavailable: {source: 'configz', where: `GET ${path}`, reason: 'not-requested', need: needConfigz}};
	}

	const attempt = {purpose: purposeOf(node), process: null};
	const result = await sendProbe(
		cluster,
		{
			source: 'configz',
			path,
			need: needConfigz,
			onRefused(status, body) {
				recordFailureText(cluster, attempt, body, status);
			},
		},
		body => {
			const configuration = tryParseJson<Configz>(body)?.kubeletconfig;
			return (
				configuration && {
					node,
					anonymous: configuration.authentication?.anonymous?.enabled ?? false,
					webhook: configuration.authentication?.webhook?.enabled ?? false,
					clientCa: (configuration.authentication?.x509?.clientCAFile ?? '') !== '',
					authorizationMode: configuration.authorization?.mode ?? '',
					readOnlyPort: configuration.readOnlyPort ?? 0,
				}
			);
		},
	);
	if (result.observation) {
		recordAnswer(cluster, attempt);
	}

	return result;
}

function purposeOf(node: string): ConnectionPurpose {
	return {
		feature: 'node-proxy',
		target: nodeTarget(node, node, null),
		request: {scheme: 'https', port: null, portName: null, kubeletPort: true},
	};
}

/** Reads the certificate at the node's address. In its own network, the apiserver may reach another server there. */
export async function readKubeletHandshake(
	address: string,
	port: number,
	own: Pick<KubeletHandshakeFacts, 'node' | 'nodeAddresses'>,
): Promise<ProbeResult<KubeletHandshakeFacts>> {
	const where = `TLS handshake with ${address}:${port}`;
	const der = await readPresented(address, port);
	if (!der) {
		return {unavailable: {source: 'handshake', where, reason: 'no-response', need: null}};
	}

	const certificate = new X509Certificate(der);
	const facts = {
		...own,
		subject: distinguishedName(certificate.subject),
		...namesOf(certificate),
		notBefore: certificateTime(certificate.validFrom),
		notAfter: certificateTime(certificate.validTo),
	};
	return {observation: makeObservation('handshake', where, facts, {active: true})};
}

async function readPresented(host: string, port: number): Promise<Buffer | undefined> {
	// Inspected, never trusted: nothing is sent on this socket. Without a CA Node does not examine the chain, which crashes for some keys.
	const socket = connect({host, port, ca: [], rejectUnauthorized: false});
	try {
		await once(socket, 'secureConnect', {signal: AbortSignal.timeout(handshakeTimeoutMs)});
		return socket.getPeerX509Certificate()?.raw;
	} catch {
		return undefined;
	} finally {
		socket.destroy();
	}
}
