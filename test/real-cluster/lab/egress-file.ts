/** Egress selector files of the postures. */
import {authority, signed, type Authority} from './certificates.ts';
import {writeConfiguration} from './configuration.ts';
import {tunnelPort, tunnelSocket} from './konnectivity.ts';
import {controlPlaneAddress, type Lab} from './lab.ts';
import type {Egress, Posture} from './postures.ts';

type Selections = ReadonlyArray<{name: string; connection: object}>;

/** `undefined` without an egress selector file. */
export async function egressFile(lab: Lab, {egress, portOffset}: Posture): Promise<string | undefined> {
	if (egress === 'none') {
		return undefined;
	}

	return writeConfiguration(lab, `egress-${egress}.json`, {
		apiVersion: 'apiserver.k8s.io/v1beta1',
		kind: 'EgressSelectorConfiguration',
		egressSelections: await selectionsOf(lab, egress, 6443 + portOffset),
	});
}

async function selectionsOf(lab: Lab, egress: Exclude<Egress, 'none'>, supervisorPort: number): Promise<Selections> {
	const direct = {proxyProtocol: 'Direct'};
	switch (egress) {
		case 'grpc': {
			return [{name: 'cluster', connection: {proxyProtocol: 'GRPC', transport: {uds: {udsName: tunnelSocket(lab, egress)}}}}];
		}

		case 'http-connect': {
			return [{name: 'cluster', connection: {proxyProtocol: 'HTTPConnect', transport: {uds: {udsName: tunnelSocket(lab, egress)}}}}];
		}

		// As in HyperShift and Gardener.
		case 'http-connect-tcp': {
			return [
				{name: 'cluster', connection: await httpConnectOverTcp(lab, tunnelPort, 'egress')},
				{name: 'controlplane', connection: direct},
				{name: 'etcd', connection: direct},
			];
		}

		case 'refused-proxy': {
			return [{name: 'cluster', connection: await httpConnectOverTcp(lab, tunnelPort, 'egress', {trusted: 'cluster'})}];
		}

		// As in k3s: the supervisor has the apiserver's own certificate.
		case 'supervisor': {
			return [{name: 'cluster', connection: await httpConnectOverTcp(lab, supervisorPort, 'cluster')}];
		}

		case 'cluster-direct': {
			return [
				{name: 'cluster', connection: direct},
				{name: 'controlplane', connection: direct},
			];
		}

		case 'controlplane-only': {
			return [{name: 'controlplane', connection: direct}];
		}
	}
}

/** `by` signs both certificates; the apiserver verifies the proxy's with `trusted`. */
async function httpConnectOverTcp(lab: Lab, port: number, by: Authority, {trusted = by}: {trusted?: Authority} = {}): Promise<object> {
	const client = await signed(lab, `egress-client-${by}`, by, {commonName: 'kube-apiserver', groups: ['system:masters']});
	return {
		proxyProtocol: 'HTTPConnect',
		transport: {
			tcp: {
				url: `https://${controlPlaneAddress(lab)}:${port}`,
				tlsConfig: {caBundle: (await authority(lab, trusted)).cert, clientCert: client.cert, clientKey: client.key},
			},
		},
	};
}
