/** A kubelet's merged configuration (`/configz`). */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {nodeTarget} from '../../targets/parse-target.ts';
import type {ConnectionPurpose, ProbeResult} from '../evidence.ts';
import {recordAnswer, recordFailureText} from '../second-leg-record.ts';
import {needConfigz} from '../rules/needs.ts';
import {canI} from './access.ts';
import {sendProbe, tryParseJson} from './probe-request.ts';

export type KubeletConfigurationFacts = {
	node: string;
	anonymous: boolean;
	webhook: boolean;
	clientCa: boolean;
	authorizationMode: string;
	/** 0 is off; the response omits zero values. */
	readOnlyPort: number;
	serverTlsBootstrap: boolean;
	rotateCertificates: boolean;
};

type Configz = {
	kubeletconfig?: {
		authentication?: {anonymous?: {enabled?: boolean}; webhook?: {enabled?: boolean}; x509?: {clientCAFile?: string}};
		authorization?: {mode?: string};
		readOnlyPort?: number;
		serverTLSBootstrap?: boolean;
		rotateCertificates?: boolean;
	};
};

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
					serverTlsBootstrap: configuration.serverTLSBootstrap ?? false,
					rotateCertificates: configuration.rotateCertificates ?? false,
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
